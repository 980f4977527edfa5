import type { ChainLink } from '../archive/chain.js'
import type { Finding } from '../archive/finding.js'
import { offsetsOf, outside } from '../archive/offset-ranges.js'
import type { SegmentInfo } from '../archive/partition-log.js'
import { type ChainBatch, readChain } from '../archive/read-chain.js'
import type { SegmentSource } from '../archive/read-segment.js'
import { tombstoneRetentionMs } from '../archiver/compacted-topics.js'
import { partitionName } from '../batch/topic-partition.js'
import { topicCodecFor } from '../codec/built-in.js'
import { ArchiveCorruptError } from '../errors.js'
import { larger } from '../internal/bigint.js'
import type { KafkaTransport, TransportCallOptions } from '../kafka/transport.js'
import type { WorkDone } from '../progress.js'
import type { PartitionChain } from '../restore/plan-source.js'
import { findingOf, placeOf } from '../verify/findings.js'
import { atTheirOffsets, closedUp } from './archived-batches.js'
import type { Correspondence, TopicPair } from './correspondence.js'
import { findingOfDifference } from './describe-difference.js'
import { findDifferences, type Sides } from './find-differences.js'
import { LiveLog } from './live-log.js'

/** What all partitions are compared with. */
export interface CompareContext extends TransportCallOptions {
  readonly kafka: KafkaTransport
  readonly source: SegmentSource
  readonly progress: WorkDone
}

/** One partition of a pair of topics. */
export interface PartitionPair {
  readonly topics: TopicPair
  readonly correspondence: Correspondence
  readonly chain: PartitionChain
  /** Place in the list of archived partitions. */
  readonly index: number
}

/** How a live partition differs from what is archived of it. */
export async function* comparePartition(
  context: CompareContext,
  pair: PartitionPair,
): AsyncGenerator<Finding, void, void> {
  const { topics, correspondence, chain } = pair
  const { partition } = chain
  const live = { topic: topics.live.topic, partition }
  if (!topics.live.partitions.some((known) => known.partition === partition)) return yield* withoutPartition(pair)
  const obstacle = obstacleIn(context, pair)
  if (obstacle !== undefined) return yield obstacle
  const log = await LiveLog.open({ kafka: context.kafka, partition: live, signal: context.signal })
  const described = {
    ...{ live, archived: { topic: topics.archived.topic, partition } },
    restored: correspondence.type !== 'offsets' || correspondence.restored,
    openFrom: log.isOpen ? log.end : undefined,
  }
  const ignoresMissing = correspondence.type === 'offsets' && correspondence.partly
  if (ignoresMissing) yield partlyRestored(pair)
  let compacted: boolean | undefined
  try {
    for await (const found of findDifferences(sidesOf(context, pair, log), { timestampTypes: !described.restored })) {
      if (found.kind === 'missing') {
        if (ignoresMissing) continue
        compacted ??= (await tombstoneRetentionMs([live.topic], context)).has(live.topic)
        // Compaction never removes what is last.
        if (compacted && found.last < log.end) continue
      }
      yield findingOfDifference(found, described)
    }
  } catch (error) {
    if (!(error instanceof ArchiveCorruptError)) throw error
    const finding = findingOf(error, error.key ?? '', { ...described.archived, ...rangeOf(error) })
    yield { ...finding, text: `${finding.text}; ${partitionName(live)} is compared up to there` }
  }
}

function sidesOf({ source, signal, progress }: CompareContext, pair: PartitionPair, log: LiveLog): Sides {
  const { correspondence, chain, index } = pair
  const read = (links: readonly ChainLink<SegmentInfo>[], isolation: 'judged' | 'committed') =>
    readChain(source, links, { isolation, extent: 'early', spares: chain.segments, signal })
  const rest = {
    liveStart: () => log.start,
    onBatch: ({ batch }: Pick<ChainBatch, 'batch'>) =>
      progress.add({ records: batch.recordCount, bytes: batch.bytes.length }),
  }
  if (correspondence.type === 'closed-up') {
    const start = correspondence.starts[index] ?? 0n
    const skipped = correspondence.skipped.filter(({ partition }) => partition === chain.partition)
    const archived = closedUp(read(outside(chain.chain, skipped), 'committed'), start)
    return { ...rest, archived, live: log.batches(start, log.end), endsTogether: false }
  }
  // What retention has taken from the topic is not even read.
  const links = chain.chain.filter(({ next }) => next > log.start)
  const live = log.batches(larger(chain.from, log.start), chain.next)
  return { ...rest, archived: atTheirOffsets(read(links, 'judged')), live, endsTogether: true }
}

function* withoutPartition({ topics, chain }: PartitionPair): Generator<Finding, void, void> {
  if (chain.from === chain.next) return
  const { partition } = chain
  const live = { topic: topics.live.topic, partition }
  yield {
    kind: 'missing',
    ...placeOf({ ...live, from: chain.from, next: chain.next }),
    text: `the cluster has no partition ${partitionName(live)}; the archive has ${offsetsOf(chain)} of it`,
    hint: 'the topic was created again with fewer partitions: restore it under another name',
  }
}

/** Why records cannot be compared, if they cannot. */
function obstacleIn({ source }: CompareContext, { topics, correspondence, chain, index }: PartitionPair) {
  const live = { topic: topics.live.topic, partition: chain.partition }
  if (correspondence.type === 'unknown') {
    const start = correspondence.starts[index] ?? 0n
    return unverifiable(
      live,
      `${partitionName(live)}: nobody knows which records were restored into it from offset ${start} on, or how they were changed: \`since\`, \`until\`, \`ranges\` or \`transform\` was given, or this is another checkpoint than ${correspondence.restoredFrom}, or it was pruned since, or another version of kafkeep has restored it`,
      'compare the records yourself, with `records` of the archive',
    )
  }
  const losesFields = chain.chain.some(({ segment }) => !topicCodecFor(segment.extension, source.codecs).lossless)
  if (correspondence.type === 'closed-up' || !losesFields || (correspondence.restored && chain.trueOffsets)) {
    return undefined
  }
  return unverifiable(
    live,
    `${partitionName(live)}: the archive was written by a codec that does not keep all of a record`,
    'archive with `logSegments()`, or restore it and compare the copy',
  )
}

function partlyRestored({ topics, chain }: PartitionPair): Finding {
  const live = { topic: topics.live.topic, partition: chain.partition }
  return unverifiable(
    live,
    `${partitionName(live)}: the records that are there are compared, but nobody knows whether some are missing: \`since\`, \`until\` or \`ranges\` was given to the restore, or the archive was pruned since, or another version of kafkeep has restored it`,
    'look at the first and the last offset of the topic',
  )
}

function unverifiable(live: { readonly topic: string; readonly partition: number }, text: string, hint: string) {
  return { kind: 'unverifiable', topic: live.topic, partition: live.partition, text, hint } as const
}

function rangeOf({ from, next }: ArchiveCorruptError) {
  return { ...(from !== undefined && { from }), ...(next !== undefined && { next }) }
}
