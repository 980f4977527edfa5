import type { ChainLink } from '../archive/chain.js'
import { chainFor, type PartitionLog, type SegmentInfo } from '../archive/partition-log.js'
import { readSegment, type SegmentSource } from '../archive/read-segment.js'
import { partitionName } from '../batch/topic-partition.js'
import { TransportError } from '../errors.js'
import { smaller } from '../internal/bigint.js'
import type { EpochEnd, EpochQuestion } from '../kafka/protocol/offsets.js'
import type { KafkaTransport, TransportCallOptions } from '../kafka/transport.js'

const END_OF_TIME = 2n ** 63n - 1n

/**
 * Where the leader's log parts from what is archived, or `undefined` when it continues it. It is found as followers
 * find it (KIP-279): the leader tells where the archive's last epoch ends in its log; where it does not know that
 * epoch, the next lower one is asked for.
 */
export async function findCut(
  kafka: KafkaTransport,
  source: SegmentSource,
  log: PartitionLog,
  { signal }: TransportCallOptions,
): Promise<bigint | undefined> {
  const chain = chainFor(log, { generation: log.newestGeneration, from: 0n, next: END_OF_TIME })
  const archivedNext = chain.at(-1)?.next
  if (archivedNext === undefined) return undefined
  const epochs = epochStarts(source, chain, { signal })
  let epochEnd = archivedNext
  let archived = await newest(epochs)
  while (archived !== undefined && archived.epoch >= 0) {
    const leader = await epochEndOf(kafka, { ...log.partition, epoch: archived.epoch }, { signal })
    // A leader knows nothing of an epoch above its latest one, and answers -1: the next lower one may be known.
    const known = leader.epoch < 0 ? archived.epoch - 1 : leader.epoch
    while (archived !== undefined && archived.epoch > known) {
      epochEnd = archived.from
      archived = await newest(epochs)
    }
    if (archived?.epoch !== leader.epoch) continue
    const cut = smaller(leader.endOffset, epochEnd)
    return cut < archivedNext ? cut : undefined
  }
  // The leader knows none of the archived epochs; batches without an epoch cannot be told apart.
  return archived === undefined ? 0n : undefined
}

async function epochEndOf(
  kafka: KafkaTransport,
  question: EpochQuestion,
  options: TransportCallOptions,
): Promise<EpochEnd> {
  const [end] = await kafka.epochEnds([question], options)
  if (end !== undefined) return end
  throw new TransportError(`where epoch ${question.epoch} of ${partitionName(question)} ends was not answered`, {
    system: 'kafka',
  })
}

/** A leader epoch in the archive and the first offset it has there. */
interface EpochStart {
  readonly epoch: number
  readonly from: bigint
}

async function newest(epochs: AsyncGenerator<EpochStart, void, void>): Promise<EpochStart | undefined> {
  const { value } = await epochs.next()
  return value ?? undefined
}

/** The archived leader epochs, newest first. */
async function* epochStarts(
  source: SegmentSource,
  chain: readonly ChainLink<SegmentInfo>[],
  { signal }: TransportCallOptions,
): AsyncGenerator<EpochStart, void, void> {
  for (const link of chain.toReversed()) yield* (await epochsOf(source, link, { signal })).toReversed()
}

async function epochsOf(
  source: SegmentSource,
  { segment, from, next }: ChainLink<SegmentInfo>,
  { signal }: TransportCallOptions,
): Promise<EpochStart[]> {
  if (segment.firstEpoch === segment.lastEpoch) return [{ epoch: segment.firstEpoch, from }]
  const starts: EpochStart[] = []
  for await (const { leaderEpoch, baseOffset } of readSegment(source, segment, { signal })) {
    if (baseOffset >= next) break
    if (starts.at(-1)?.epoch !== leaderEpoch) starts.push({ epoch: leaderEpoch, from: baseOffset })
  }
  return starts
}
