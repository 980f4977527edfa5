import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chosenId, instantChoiceOption, instantOf, newInstantId } from '../../../src/archive/instant-id.js'

const NOON = Date.UTC(2026, 10, 23, 12)
const IDS = [NOON, NOON + 1, NOON + 1, NOON + 60_000].map(newInstantId).sort()

describe('an instant’s id', () => {
  it('says when it was taken, sorts by it, and is never given twice', () => {
    const instant = fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) })
    fc.assert(
      fc.property(instant, instant, (a, b) => {
        expect(newInstantId(a)).toMatch(/^\d{8}T\d{9}Z-[0-9a-f]{8}$/)
        expect(instantOf(newInstantId(a))).toBe(a)
        if (a !== b) expect(newInstantId(a) < newInstantId(b)).toBe(a < b)
      }),
    )
    expect(newInstantId(NOON)).not.toBe(newInstantId(NOON))
  })

  it.each([
    '',
    'latest',
    '20261123T120000000Z',
    '20261123T120000000Z-1f3a9c0',
    '20261123T120000000Z-1F3A9C0E',
    '20261323T120000000Z-1f3a9c0e',
    '20260230T120000000Z-1f3a9c0e',
    '20261123T250000000Z-1f3a9c0e',
    '20261123T120000000Z-1f3a9c0e/x',
    'x20261123T120000000Z-1f3a9c0e',
  ])('is not %j', (id) => {
    expect(instantOf(id)).toBeUndefined()
  })
})

describe('the choice of an instant', () => {
  it('means the newest, one by its id, or the newest before an instant', () => {
    expect(chosenId(IDS, 'latest')).toBe(IDS[3])
    expect(chosenId(IDS, IDS[1] ?? '')).toBe(IDS[1])
    expect(chosenId(IDS, { before: new Date(NOON + 60_000) })).toBe(IDS[2])
    expect(chosenId(IDS, { before: new Date(NOON + 1) })).toBe(IDS[0])
  })

  it('means none where there is none', () => {
    expect(chosenId([], 'latest')).toBeUndefined()
    expect(chosenId(IDS, 'no such id')).toBeUndefined()
    expect(chosenId(IDS, { before: new Date(NOON) })).toBeUndefined()
    expect(chosenId(['no instant'], { before: new Date(NOON) })).toBeUndefined()
  })

  it('is checked, and copied', () => {
    const before = new Date(NOON)
    const choice = instantChoiceOption('checkpoint', { before })
    before.setTime(0)
    expect(choice).toEqual({ before: new Date(NOON) })
    for (const wrong of ['', 7, null, {}, { before: NOON }, { before: new Date(Number.NaN) }]) {
      expect(() => instantChoiceOption('checkpoint', Object.assign(Object(wrong)))).toThrow(TypeError)
    }
  })
})
