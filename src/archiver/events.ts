import type { GapCause, OffsetRange } from '../archive/names.js'
import type { TopicPartition } from '../batch/topic-partition.js'
import type { KafkeepError } from '../errors.js'

/** A fact of an archive run. Whatever it speaks of is durable already. */
export type ArchiveEvent =
  | SegmentEvent
  | GapEvent
  | DivergedEvent
  | OpenTransactionEvent
  | StoppedEvent
  | CheckpointEvent

/** A segment is stored; it answers for the offsets `[from, next)`. */
export interface SegmentEvent extends TopicPartition, OffsetRange {
  /** What happened. */
  readonly type: 'segment'
  /** Kafka's id of the topic, or `-<cluster id>` from brokers that have none. */
  readonly topicId: string
  /** Generation of the log that the segment belongs to. */
  readonly generation: number
  /** Records in the segment. */
  readonly records: number
  /** Size of the stored object. */
  readonly bytes: number
  /** Key of the stored object. */
  readonly key: string
  /** What the codec could not keep, such as `headers`, and of how many records. Left out where nothing was lost. */
  readonly losses?: Readonly<Record<string, number>>
}

/** Offsets `[from, next)` that were gone from the log before they could be archived. */
export interface GapEvent extends TopicPartition, OffsetRange {
  /** What happened. */
  readonly type: 'gap'
  /** Why they are gone. */
  readonly cause: GapCause
}

/** The log does not continue what is archived of it: a new generation begins. */
export interface DivergedEvent extends TopicPartition {
  /** What happened. */
  readonly type: 'diverged'
  /** The generation that begins. */
  readonly generation: number
  /** First offset at which the log is another one. */
  readonly at: bigint
  /** Where the older generation ended. */
  readonly archivedNext: bigint
}

/** A transaction that was open when the run began holds its end back: the rest belongs to a later run. */
export interface OpenTransactionEvent extends TopicPartition {
  /** What happened. */
  readonly type: 'open-transaction'
  /** Where the run ends: the first offset of the oldest open transaction. */
  readonly lastStableOffset: bigint
  /** Where the log ended when the run began. */
  readonly highWatermark: bigint
  /** Since when the run has known of it, in epoch milliseconds. */
  readonly sinceMs: number
}

/** A partition was given up; the others go on. */
export interface StoppedEvent extends TopicPartition {
  /** What happened. */
  readonly type: 'stopped'
  /** Why. */
  readonly error: KafkeepError
}

/** The state that the run has reached is stored, so that a restore can go back to it. */
export interface CheckpointEvent {
  /** What happened. */
  readonly type: 'checkpoint'
  /** Names the checkpoint to a restore. */
  readonly id: string
}
