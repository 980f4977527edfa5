import type { RecordBatchView } from '../batch/record-batch.js'

/** What the header of a batch must say: the checksum of a batch does not cover these fields. */
export interface ExpectedHeader {
  readonly baseOffset: bigint
  readonly leaderEpoch: number
}

/**
 * Whether a batch is as it was written, without a look at the checksum of its whole object. An offset or an epoch that is
 * a new one may also be a damaged one, so neither is believed.
 */
export function isSound(batch: RecordBatchView, { baseOffset, leaderEpoch }: ExpectedHeader): boolean {
  return batch.baseOffset === baseOffset && batch.leaderEpoch === leaderEpoch && batch.intact
}
