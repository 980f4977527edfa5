import { describe, expect, it } from 'vitest'
import { cacheDirectory, stampOf } from '../../services/cache.js'

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

describe('cacheDirectory', () => {
  it('is the one that was asked for', () => {
    expect(cacheDirectory({ KAFKEEP_SERVICES_CACHE: '/mine', XDG_CACHE_HOME: '/caches' })).toBe('/mine')
  })

  it("lies in the user's cache folder otherwise", () => {
    expect(cacheDirectory({ XDG_CACHE_HOME: '/caches' })).toBe('/caches/kafkeep-services')
    expect(cacheDirectory({})).toMatch(/\/\.cache\/kafkeep-services$/)
  })
})
