import { RecordBatchView } from '../batch/record-batch.js'
import { type RecordContent, writeBatch } from '../batch/write-batch.js'
import type { FramedRecord } from './framed-records.js'

/** Decoded records are given back in batches of about this size. */
const BATCH_BYTES = 1_048_576

/** Puts records that have neither offsets nor times into batches; their offsets count from 0. */
export class BatchedRecords {
  #records: RecordContent[] = []
  #bytes = 0
  #offset = 0n

  /** Adds a record. Answers whether there are enough for a batch. */
  add({ key, value, headers }: FramedRecord): boolean {
    this.#records.push({ offset: this.#offset, timestampMs: -1n, key, value, headers })
    this.#offset++
    this.#bytes += (key?.length ?? 0) + (value?.length ?? 0)
    return this.#bytes >= BATCH_BYTES
  }

  /** The records that are in no batch yet, if there are any. */
  *take(): Generator<RecordBatchView, void, void> {
    const records = this.#records
    this.#records = []
    this.#bytes = 0
    if (records.length > 0) yield new RecordBatchView(writeBatch(records))
  }
}

/** The records in batches, each as soon as it is full. */
export function* inBatches(
  records: Iterable<FramedRecord>,
  batched: BatchedRecords,
): Generator<RecordBatchView, void, void> {
  for (const record of records) if (batched.add(record)) yield* batched.take()
}
