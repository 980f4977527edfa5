import type { GapCause } from '../archive/names.js'
import type { KafkeepError } from '../errors.js'

/** A fact of an archive run. Whatever it speaks of is durable already. */
export type ArchiveEvent =
  | SegmentEvent
  | GapEvent
  | DivergedEvent
  | OpenTransactionEvent
  | StoppedEvent
  | { readonly type: 'checkpoint'; readonly id: string }

/** A segment is stored. */
export interface SegmentEvent {
  readonly type: 'segment'
  readonly topic: string
  readonly topicId: string
  readonly partition: number
  readonly generation: number
  /** First offset the segment answers for. */
  readonly from: bigint
  /** Offset after the last one the segment answers for. */
  readonly next: bigint
  readonly records: number
  /** Size of the stored object. */
  readonly bytes: number
  readonly key: string
}

/** Offsets that were gone from the log before they could be archived. */
export interface GapEvent {
  readonly type: 'gap'
  readonly topic: string
  readonly partition: number
  readonly from: bigint
  readonly next: bigint
  readonly cause: GapCause
}

/** The log does not continue what is archived of it: a new generation begins at `at`. */
export interface DivergedEvent {
  readonly type: 'diverged'
  readonly topic: string
  readonly partition: number
  readonly generation: number
  readonly at: bigint
  readonly archivedNext: bigint
}

/** A transaction that was open when the run began holds its end back: the rest belongs to a later run. */
export interface OpenTransactionEvent {
  readonly type: 'open-transaction'
  readonly topic: string
  readonly partition: number
  readonly lastStableOffset: bigint
  readonly highWatermark: bigint
  /** Since when the run has known of it, in epoch milliseconds. */
  readonly sinceMs: number
}

/** A partition was given up; the others go on. */
export interface StoppedEvent {
  readonly type: 'stopped'
  readonly topic: string
  readonly partition: number
  readonly error: KafkeepError
}
