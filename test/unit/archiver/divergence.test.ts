import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PartitionLog } from '../../../src/archive/partition-log.js'
import { findCut } from '../../../src/archiver/divergence.js'
import { MemoryStorage } from '../../../src/storage/memory.js'
import { batchView } from '../../support/batches.js'
import { fakeKafka } from '../../support/fake-kafka.js'
import {
  type EpochHistory,
  type EpochLog,
  endOfEpoch,
  epochHistory,
  sharedRecords,
} from '../../support/leader-epochs.js'
import { partitionLog, putSegment } from '../../support/segments.js'
import { cutAt } from '../../support/transactional-log.js'

async function archived(log: EpochLog, cuts: readonly number[] = []) {
  const storage = new MemoryStorage()
  const batches = log.map((leaderEpoch, offset) => batchView({ baseOffset: BigInt(offset), leaderEpoch }))
  const pieces = batches.length === 0 ? [] : cutAt(batches, cuts)
  const segments = await Promise.all(pieces.map((piece) => putSegment(storage, piece)))
  return { source: { storage, codecs: [] }, log: partitionLog({ segments }) }
}

/** Asks where a leader's log parts from an archive; also how many questions that took. */
async function cutOf(
  history: Pick<EpochHistory, 'archive' | 'leader' | 'leaderEpoch'>,
  { cuts = [], logStart = 0 }: { readonly cuts?: readonly number[]; readonly logStart?: number } = {},
): Promise<{ readonly cut: bigint | undefined; readonly questions: readonly number[] }> {
  const { source, log } = await archived(history.archive, cuts)
  const questions: number[] = []
  const kafka = fakeKafka({
    async epochEnds(asked) {
      return asked.map(({ epoch }) => {
        questions.push(epoch)
        return endOfEpoch(history, epoch, logStart)
      })
    },
  })
  return { cut: await findCut(kafka, source, log, {}), questions }
}

const places = fc.array(fc.nat(), { maxLength: 4 })

describe('the cut between an archive and a leader’s log', () => {
  it('is where they part, after any elections, and none where the log goes on', async () => {
    await fc.assert(
      fc.asyncProperty(epochHistory, places, async (history, cuts) => {
        const shared = sharedRecords(history.archive, history.leader)
        const { cut } = await cutOf(history, { cuts })
        expect(cut).toBe(shared === history.archive.length ? undefined : BigInt(shared))
      }),
      { numRuns: 1_000 },
    )
  })

  it('is the same while retention has not deleted where they part', async () => {
    await fc.assert(
      fc.asyncProperty(epochHistory, fc.nat(), async (history, deleted) => {
        const shared = sharedRecords(history.archive, history.leader)
        const logStart = deleted % (shared + 1)
        const { cut } = await cutOf(history, { logStart })
        expect(cut).toBe(shared === history.archive.length ? undefined : BigInt(shared))
      }),
      { numRuns: 500 },
    )
  })

  it('needs one question where the log goes on, and none while nothing is archived', async () => {
    const leader = { leader: [0, 0, 1, 1, 4], leaderEpoch: 4 }
    expect(await cutOf({ ...leader, archive: [0, 0, 1] })).toEqual({ cut: undefined, questions: [1] })
    expect(await cutOf({ ...leader, archive: [] })).toEqual({ cut: undefined, questions: [] })
  })

  it('is at the beginning where disks were lost: the leader’s log is empty', async () => {
    expect((await cutOf({ archive: [0, 0, 3], leader: [], leaderEpoch: 5 })).cut).toBe(0n)
  })

  it('is found at lower epochs when the leader’s epochs have gone back and it does not know the archive’s last one', async () => {
    // ZooKeeper came back from an older snapshot: epochs 5 and 6 were, and are not any more.
    const history = { archive: [2, 2, 2, 5, 6], leader: [2, 2, 2, 4, 4, 4, 4], leaderEpoch: 4 }
    expect((await cutOf(history)).cut).toBe(3n)
  })

  it('cannot be found, and is none, where batches have no epoch', async () => {
    const { cut, questions } = await cutOf({ archive: [-1, -1], leader: [0], leaderEpoch: 0 })
    expect({ cut, questions }).toEqual({ cut: undefined, questions: [] })
  })

  it('is looked for in what the newest generation holds', async () => {
    const { source, log } = await archived([0, 0, 0, 1, 1])
    const newer = await putSegment(source.storage, [batchView({ baseOffset: 3n, leaderEpoch: 2 })], { generation: 2 })
    const twice: PartitionLog = {
      ...log,
      segments: [...log.segments, newer],
      newestGeneration: 2,
      cuts: new Map([[2, 3n]]),
    }
    const leader = { leader: [0, 0, 0, 2, 2], leaderEpoch: 2 }
    const kafka = fakeKafka({ epochEnds: async (asked) => asked.map(({ epoch }) => endOfEpoch(leader, epoch)) })
    expect(await findCut(kafka, source, twice, {})).toBeUndefined()
  })
})
