import { describe, expect, it } from 'vitest'
import { stampOf } from '../../services/jars.js'

describe('stampOf', () => {
  it('is the same for the same poms', () => {
    expect(stampOf(['a', 'b'])).toBe(stampOf(['a', 'b']))
  })

  it.each([[['a', 'c']], [['b', 'a']], [['ab', '']], [['a', 'b', '']]])('is another one for %o', (poms) => {
    expect(stampOf(poms)).not.toBe(stampOf(['a', 'b']))
  })

  it('can stand in the name of a folder', () => {
    expect(stampOf(['a'])).toMatch(/^[0-9a-f]{16}$/)
  })
})
