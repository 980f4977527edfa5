import { describe, expect, it } from 'vitest'
import { chooseOffsets, type OffsetsQuestion } from '../../../src/restore/choose-offsets.js'
import type { PartitionChain } from '../../../src/restore/plan-source.js'

/** A partition with a record at each of 1,000 offsets. */
const FULL: PartitionChain = {
  ...{ partition: 0, generation: 1, from: 0n, next: 1_000n, records: 1_000n, dense: true, trueOffsets: true },
  ...{ chain: [], segments: [], holes: [] },
}
/** One that begins at 30 million, and of whose offsets 1,000 hold no record. */
const LATE = { ...FULL, from: 30_000_000n, next: 30_002_000n, dense: false }

function chosen(changes: Partial<OffsetsQuestion>) {
  return chooseOffsets({
    ...{ asked: 'auto', exactBudgetMs: 60_000, selection: {}, chains: [FULL], targetFrom: [0n], appends: false },
    ...{ mayDelete: true, replayObstacle: undefined, onDamage: 'error' },
    ...changes,
  })
}

describe('how offsets come back', () => {
  it('is exact without any cost where every offset holds a record', () => {
    expect(chosen({})).toMatchObject({ offsets: 'exact', extraMs: 0, obstacle: undefined })
  })

  it('is exact where that costs no more than it may: fillers before the start, markers for the rest', () => {
    const { extraMs } = chosen({ chains: [FULL, LATE], targetFrom: [0n, 0n] })
    expect(extraMs).toBe(30_000_000 / 3_000 + 1_000 * 5)
    const choice = (exactBudgetMs: number) => chosen({ chains: [FULL, LATE], targetFrom: [0n, 0n], exactBudgetMs })
    expect(choice(extraMs)).toMatchObject({ offsets: 'exact' })
    expect(choice(extraMs - 1)).toMatchObject({ offsets: 'translate', obstacle: undefined, extraMs: 0 })
    expect(choice(extraMs - 1).why).toContain('exactBudgetMs')
  })

  it('is what was asked for, whatever it costs', () => {
    expect(chosen({ asked: 'exact', chains: [LATE], exactBudgetMs: 0 })).toMatchObject({ offsets: 'exact' })
    expect(chosen({ asked: 'translate' })).toMatchObject({ offsets: 'translate', obstacle: undefined })
  })

  it('is not exact by itself with a range of times, of which nobody knows what it leaves out', () => {
    expect(chosen({ selection: { untilMs: 5n } })).toMatchObject({ offsets: 'translate' })
    expect(chosen({ selection: { sinceMs: 5n }, asked: 'exact' })).toMatchObject({ offsets: 'exact' })
  })

  it.each<[Partial<OffsetsQuestion>, RegExp]>([
    [{ selection: { transform: () => undefined } }, /transformed/],
    [{ chains: [{ ...FULL, trueOffsets: false }] }, /does not keep the offsets/],
    [{ appends: true }, /holds records already/],
    [{ targetFrom: [1n] }, /ends behind where the archive/],
    [{ chains: [LATE], mayDelete: false }, /may not delete records/],
    [{ onDamage: 'skip' }, /left out/],
    [{ replayObstacle: 'brokers before Kafka 3.0' }, /before Kafka 3.0/],
  ])('cannot be exact, and says why: %o', (changes, why) => {
    expect(chosen(changes)).toMatchObject({
      offsets: 'translate',
      why: expect.stringMatching(why),
      obstacle: undefined,
    })
    expect(chosen({ ...changes, asked: 'exact' }).obstacle).toMatch(why)
  })

  it('needs no right to delete where the log starts at the target’s end', () => {
    expect(chosen({ mayDelete: false })).toMatchObject({ offsets: 'exact' })
  })
})
