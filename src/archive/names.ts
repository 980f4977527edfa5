import type { TopicPartition } from '../batch/topic-partition.js'

/** Where things lie in an archive. `docs/format.md` specifies the names to the byte. */

/** Marks a storage (or prefix) as an archive. */
export const ARCHIVE_MARKER_KEY = 'archive.json'
/** Everything that is archived of topics. */
export const TOPICS_PREFIX = 'topics/'
/** States of topics to go back to. */
export const CHECKPOINTS_PREFIX = 'checkpoints/'
/** What restores pinned. */
export const RESTORES_PREFIX = 'restores/'
/** Snapshots of ZooKeeper. */
export const ZNODES_PREFIX = 'znodes/'

/** One incarnation of a topic: a topic that was deleted and created again is another one. */
export interface TopicIdentity {
  /** Name of the topic. */
  readonly topic: string
  /** Kafka's topic id, or `-<cluster id>` from brokers that have none; `-spredfast` from archives of that connector. */
  readonly topicId: string
}

/** A partition of one incarnation of a topic. */
export interface PartitionIdentity extends TopicIdentity, TopicPartition {}

/** Offsets from `from` on, before `next`. */
export interface OffsetRange {
  /** First offset. */
  readonly from: bigint
  /** Offset after the last one. */
  readonly next: bigint
}

/** What a segment's name tells; the segment answers for the offsets `[from, next)`. */
export interface SegmentName extends PartitionIdentity, OffsetRange {
  /** Counts how often the log did not continue what was archived of it; the first is 1. */
  readonly generation: number
  /** Leader epoch of the first batch. */
  readonly firstEpoch: number
  /** Leader epoch of the last batch. */
  readonly lastEpoch: number
  /** Records in the segment, markers not counted. */
  readonly records: number
  /** Epoch milliseconds; -1 where unknown. */
  readonly maxTimestampMs: bigint
  /** Aborted transactions that overlap the segment. */
  readonly abortedTransactions: number
  /** CRC32C of the object's bytes. */
  readonly crc32c: number
  /** The codec's extension, with the leading dot. */
  readonly extension: string
}

/** Why offsets are not in the archive. */
export type GapCause = 'retention' | 'deleted' | 'tombstones' | 'pruned' | 'unknown'

/** What a gap's name tells. */
export interface GapName extends PartitionIdentity, OffsetRange {
  readonly generation: number
  readonly cause: GapCause
}

const GAP_CAUSES: readonly GapCause[] = ['retention', 'deleted', 'tombstones', 'pruned', 'unknown']
const MAX_OFFSET = 2n ** 63n - 1n
const MAX_INT32 = 2 ** 31 - 1

/** Everything of one incarnation of a topic. */
export function incarnationPrefix({ topic, topicId }: TopicIdentity): string {
  return `${TOPICS_PREFIX}${topic}/${topicId}/`
}

/** The description of one incarnation of a topic. */
export function topicKey(identity: TopicIdentity): string {
  return `${incarnationPrefix(identity)}topic.json`
}

/** Which incarnation of a topic a key describes, or `undefined` when it is not a description's. */
export function parseTopicKey(key: string): TopicIdentity | undefined {
  const groups = TOPIC.exec(key)?.groups
  const { topic, topicId } = groups ?? {}
  return topic === undefined || topicId === undefined ? undefined : { topic, topicId }
}

/** In which partition's folder a key lies, or `undefined` when it lies in none. */
export function parsePartitionOf(key: string): PartitionIdentity | undefined {
  const groups = PARTITION.exec(key)?.groups
  const { topic, topicId, partition } = groups ?? {}
  if (topic === undefined || topicId === undefined || Number(partition) > MAX_INT32) return undefined
  return { topic, topicId, partition: Number(partition) }
}

/** Everything of one partition. */
export function partitionPrefix(identity: PartitionIdentity): string {
  return `${incarnationPrefix(identity)}${identity.partition}/`
}

/** All objects of one generation of a partition. */
function generationPrefix(partition: PartitionIdentity, generation: number): string {
  return `${partitionPrefix(partition)}g${generation}/`
}

/** The object that says where and why a generation began; there is none for the first. */
export function generationKey(partition: PartitionIdentity, generation: number): string {
  return `${partitionPrefix(partition)}g${generation}.json`
}

/** A segment's key; {@link parseSegmentKey} is its inverse. */
export function segmentKey(name: SegmentName): string {
  const { firstEpoch, lastEpoch, records, maxTimestampMs, abortedTransactions, extension } = name
  const facts = `e${firstEpoch}-${lastEpoch}.n${records}.t${maxTimestampMs}.a${abortedTransactions}`
  return `${TOPICS_PREFIX}${segmentSubject(name)}.${facts}.c${crcHex(name.crc32c)}${extension}`
}

/** Which offsets of what a segment holds: the part of its key that is known before its content is. */
export function segmentSubject(
  name: Pick<SegmentName, keyof PartitionIdentity | 'generation' | 'from' | 'next'>,
): string {
  const { topic, topicId, partition, generation, from, next } = name
  return `${topic}/${topicId}/${partition}/g${generation}/${offset20(from)}-${offset20(next)}`
}

/** The sidecar that names a segment's aborted transactions. */
export function abortedKey(segment: string): string {
  return `${segment}${ABORTED_SUFFIX}`
}

/** A gap's key; {@link parseGapKey} is its inverse. */
export function gapKey(name: GapName): string {
  const range = `${offset20(name.from)}-${offset20(name.next)}`
  return `${generationPrefix(name, name.generation)}${range}.${name.cause}.gap`
}

/**
 * Stands for the id of a topic that the spredfast connector has archived, which keeps none. It keeps the offset of one
 * record in a file, too: those of all others were counted.
 */
export const SPREDFAST_TOPIC_ID = '-spredfast'

const ABORTED_SUFFIX = '.aborted.json'
const TOPIC_PATH = `^topics/(?<topic>[A-Za-z0-9._-]{1,249})/(?<topicId>[A-Za-z0-9_-]{1,64})/`
const PARTITION_PATH = String.raw`${TOPIC_PATH}(?<partition>0|[1-9]\d{0,9})/`
const RANGE = String.raw`g(?<generation>[1-9]\d{0,9})/(?<from>\d{20})-(?<next>\d{20})`
const SEGMENT = new RegExp(
  String.raw`${PARTITION_PATH}${RANGE}\.e(?<firstEpoch>-1|\d{1,10})-(?<lastEpoch>-1|\d{1,10})\.n(?<records>\d{1,15})\.t(?<maxTimestampMs>-?\d{1,19})\.a(?<abortedTransactions>\d{1,10})\.c(?<crc32c>[0-9a-f]{8})(?<extension>(?:\.[A-Za-z0-9_-]+)+)$`,
)
const TOPIC = new RegExp(String.raw`${TOPIC_PATH}topic\.json$`)
const PARTITION = new RegExp(PARTITION_PATH)
const GAP = new RegExp(String.raw`${PARTITION_PATH}${RANGE}\.(?<cause>${GAP_CAUSES.join('|')})\.gap$`)
const GENERATION = new RegExp(String.raw`${PARTITION_PATH}g(?<generation>[1-9]\d{0,9})\.json$`)

/** What a key says, or `undefined` when it is not a segment's: names from storage are not trusted. */
export function parseSegmentKey(key: string): SegmentName | undefined {
  const groups = key.includes(ABORTED_SUFFIX) ? undefined : SEGMENT.exec(key)?.groups
  const range = rangeFrom(groups)
  if (groups === undefined || range === undefined) return undefined
  const { firstEpoch, lastEpoch, records, maxTimestampMs, abortedTransactions, crc32c, extension = '' } = groups
  const name: SegmentName = {
    ...range,
    firstEpoch: Number(firstEpoch),
    lastEpoch: Number(lastEpoch),
    records: Number(records),
    maxTimestampMs: BigInt(maxTimestampMs ?? -1),
    abortedTransactions: Number(abortedTransactions),
    crc32c: Number.parseInt(crc32c ?? '', 16),
    extension,
  }
  const numbers = [name.firstEpoch, name.lastEpoch, name.abortedTransactions]
  const plausible =
    numbers.every((number) => number <= MAX_INT32) && BigInt.asIntN(64, name.maxTimestampMs) === name.maxTimestampMs
  return plausible && segmentKey(name) === key ? name : undefined
}

/** Which segment a key is the sidecar of, or `undefined` when it is not a sidecar's. */
export function parseAbortedKey(key: string): SegmentName | undefined {
  return key.endsWith(ABORTED_SUFFIX) ? parseSegmentKey(key.slice(0, -ABORTED_SUFFIX.length)) : undefined
}

/** What a key says, or `undefined` when it is not a gap's. */
export function parseGapKey(key: string): GapName | undefined {
  const groups = GAP.exec(key)?.groups
  const range = rangeFrom(groups)
  const cause = GAP_CAUSES.find((known) => known === groups?.['cause'])
  return range === undefined || cause === undefined ? undefined : { ...range, cause }
}

/** What a key says, or `undefined` when it is not the beginning of a generation. */
export function parseGenerationKey(key: string): (PartitionIdentity & { readonly generation: number }) | undefined {
  return identityFrom(GENERATION.exec(key)?.groups)
}

type Groups = Readonly<Record<string, string>> | undefined

function identityFrom(groups: Groups): (PartitionIdentity & { readonly generation: number }) | undefined {
  if (groups === undefined) return undefined
  const { topic = '', topicId = '' } = groups
  const [partition, generation] = [Number(groups['partition']), Number(groups['generation'])]
  return partition <= MAX_INT32 && generation <= MAX_INT32 ? { topic, topicId, partition, generation } : undefined
}

function rangeFrom(groups: Groups): (PartitionIdentity & OffsetRange & { readonly generation: number }) | undefined {
  const identity = identityFrom(groups)
  if (groups === undefined || identity === undefined) return undefined
  const from = BigInt(groups['from'] ?? '')
  const next = BigInt(groups['next'] ?? '')
  return from < next && next <= MAX_OFFSET ? { ...identity, from, next } : undefined
}

/** What stands for a topic's id: brokers before 2.8 have none. */
export function archivedTopicId(topicId: string | undefined, clusterId: string): string {
  return topicId ?? `-${clusterId}`
}

/** An offset as it is in names, so that names sort by it. */
export function offset20(offset: bigint): string {
  return offset.toString().padStart(20, '0')
}

/** A checksum as it is in names: eight digits. */
export function crcHex(crc32c: number): string {
  return crc32c.toString(16).padStart(8, '0')
}
