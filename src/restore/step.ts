import type { ProducerIdentity } from '../kafka/transport.js'

/** Goes up when the same archive would be cut into other steps: an unfinished restore cannot be taken up then. */
export const STEPS_VERSION = 3

/** Sequence numbers count records and wrap here. */
export const SEQUENCES = 2n ** 31n

/**
 * One thing that a restore does in a partition. All steps of a partition follow from the archive and from what the
 * restore has pinned, so whoever takes it up again goes through the same ones.
 */
export type RestoreStep = OutgoingBatch | MarkerStep | HoleStep | LogStartStep

interface StepPlace {
  /** Offsets of the target between where the restore begins and this step. */
  readonly position: bigint
  /** Offsets that the step takes. */
  readonly offsets: bigint
}

/** Appends a batch that can be produced as it is. */
export interface OutgoingBatch extends StepPlace {
  readonly type: 'batch'
  /** Archived records in it; fillers have none. */
  readonly records: number
  /** Size in the archive, in bytes. */
  readonly sizeBytes: number
  /** About the time of the oldest record, in epoch milliseconds; -1 where unknown. */
  readonly timestampMs: bigint
  /** Offset in the source of the batch's first record. */
  readonly sourceFrom: bigint
  /** Offset in the source after the batch. */
  readonly sourceNext: bigint
  /** Sequence number of its first record under its producer. */
  readonly baseSequence: number
  /** The transaction it belongs to. */
  readonly transaction: TransactionPart | undefined
  /** The bytes to send under a producer identity, in pieces. */
  bytes(identity: ProducerIdentity): readonly Buffer[]
  /** How many of the batch's records come before `sourceOffset`. */
  recordsBefore(sourceOffset: bigint): number
  /** Says that the batch is done, and with it all before it: their memory may be used again. */
  release(): void
}

/** Where a batch stands in a transaction. */
export interface TransactionPart {
  /** Number of the transactional id that replays it. */
  readonly slot: number
  /** Whether the transaction begins with it. */
  readonly first: boolean
}

/** Ends a transaction that has batches. The marker takes one offset. */
interface MarkerStep extends StepPlace {
  readonly type: 'marker'
  readonly slot: number
  readonly outcome: 'commit' | 'abort'
}

/** Fills offsets that hold no record: each one with the marker of an empty transaction. */
export interface HoleStep extends StepPlace {
  readonly type: 'hole'
  /** Numbers of the transactional ids that are not in use meanwhile. */
  readonly freeSlots: readonly number[]
}

/** Removes the fillers, so that the log starts here. */
interface LogStartStep extends StepPlace {
  readonly type: 'log-start'
}
