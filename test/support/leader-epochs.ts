import fc from 'fast-check'
import type { EpochEnd } from '../../src/kafka/protocol/offsets.js'

/** The leader epoch of each record of a log; the place in the list is the offset. */
export type EpochLog = readonly number[]

/** An archive and the log of who leads now, after any elections, clean or not. */
export interface EpochHistory extends fc.WithToStringMethod {
  readonly archive: EpochLog
  readonly leader: EpochLog
  /** Epoch of the one who leads now, who may not have written anything yet. */
  readonly leaderEpoch: number
}

/** What happens: `append` by the leader, `follow` and `elect` by replica number `replica`, `archive` by the archiver. */
interface Step {
  readonly kind: 'append' | 'follow' | 'elect' | 'archive'
  readonly replica: number
  readonly records: number
}

const REPLICAS = 3

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom('append' as const, 'archive' as const) },
    { weight: 2, arbitrary: fc.constantFrom('follow' as const, 'elect' as const) },
  ),
  replica: fc.nat({ max: REPLICAS - 1 }),
  records: fc.integer({ min: 1, max: 4 }),
})

/** Histories as replication makes them: two logs that agree on the epoch of an offset agree on all before it. */
export const epochHistory: fc.Arbitrary<EpochHistory> = fc
  .array(step, { minLength: 5, maxLength: 40, size: 'max' })
  .map((steps) => historyOf(steps))

function historyOf(steps: readonly Step[]): EpochHistory {
  const replicas: number[][] = Array.from({ length: REPLICAS }, () => [])
  let leader = 0
  let epoch = 0
  let archive: number[] = []
  for (const { kind, replica, records } of steps) {
    const log = replicas[leader] ?? []
    if (kind === 'append') log.push(...Array.from({ length: records }, () => epoch))
    if (kind === 'elect') {
      leader = replica
      epoch++
    }
    if (kind === 'follow') {
      const shared = sharedRecords(replicas[replica] ?? [], log)
      replicas[replica] = log.slice(0, Math.max(shared, Math.min(log.length, shared + records)))
    }
    // An archiver that finds another log than it has stops there.
    if (kind === 'archive' && sharedRecords(archive, log) === archive.length) {
      archive = log.slice(0, Math.min(log.length, archive.length + records))
    }
  }
  const log = [...(replicas[leader] ?? [])]
  const text = `archive [${archive}], leader of epoch ${epoch} [${log}]`
  return { archive, leader: log, leaderEpoch: epoch, [fc.toStringMethod]: () => text }
}

/** How many records two logs have in common. */
export function sharedRecords(a: EpochLog, b: EpochLog): number {
  const differing = a.findIndex((epoch, offset) => epoch !== b[offset])
  return differing === -1 ? a.length : differing
}

/**
 * What a leader answers to OffsetForLeaderEpoch, as Kafka's `LeaderEpochFileCache.endOffsetFor` has it. Offsets before
 * `logStart` are deleted; the leader has begun an epoch of its own at its log's end as it was then.
 */
export function endOfEpoch(
  { leader, leaderEpoch }: Pick<EpochHistory, 'leader' | 'leaderEpoch'>,
  requested: number,
  logStart = 0,
): EpochEnd {
  const starts = new Map<number, number>()
  for (let offset = leader.length - 1; offset >= logStart; offset--) starts.set(leader[offset] ?? -1, offset)
  if (!starts.has(leaderEpoch)) starts.set(leaderEpoch, leader.length)
  const entries = [...starts].sort(([a], [b]) => a - b)
  if (requested === leaderEpoch) return answer(requested, leader.length)
  const above = entries.find(([epoch]) => epoch > requested)
  if (above === undefined) return answer(-1, -1)
  const known = entries.findLast(([epoch]) => epoch <= requested)
  return answer(known === undefined ? requested : known[0], above[1])
}

function answer(epoch: number, endOffset: number): EpochEnd {
  return { epoch, endOffset: BigInt(endOffset) }
}
