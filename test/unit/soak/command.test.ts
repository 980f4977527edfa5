import { describe, expect, it } from 'vitest'
import { parseSoak } from '../../soak/command.js'

describe('the arguments of the soak', () => {
  it('say what is killed, and how often', () => {
    expect(parseSoak(['archiver', '1000'])).toEqual({ subject: 'archiver', kills: 1_000 })
    expect(parseSoak(['restorer', '1'])).toEqual({ subject: 'restorer', kills: 1 })
    expect(parseSoak(['znodes', '10'])).toEqual({ subject: 'znodes', kills: 10 })
  })

  it.each([
    [[], 'archiver, restorer or znodes, got ""'],
    [['broker', '5'], 'archiver, restorer or znodes, got "broker"'],
    [['archiver'], 'from 1 on, got ""'],
    [['archiver', '0'], 'from 1 on, got "0"'],
    [['archiver', '-3'], 'from 1 on, got "-3"'],
    [['archiver', '1e3'], 'from 1 on, got "1e3"'],
    [['restorer', '2.5'], 'from 1 on, got "2.5"'],
    [['archiver', '5', 'fast'], '"fast" is one argument too many'],
  ])('are refused in one sentence that says what is wrong: %j', (args, sentence) => {
    expect(() => parseSoak(args)).toThrow(sentence)
  })
})
