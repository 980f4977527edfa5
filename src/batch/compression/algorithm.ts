import { InvalidBatchError } from '../batch-header.js'

/** More than any broker accepts in one batch: records that claim more are not believed, and nothing is allocated. */
export const MAX_RECORDS_BYTES = 1_073_741_824

/** Throws unless records of `bytes` bytes may be decompressed. */
export function checkRecordsBytes(bytes: number): void {
  if (bytes <= MAX_RECORDS_BYTES) return
  throw new InvalidBatchError(`compressed records claim up to ${bytes} bytes, more than ${MAX_RECORDS_BYTES}`)
}

/** One way to compress the records of a batch. Both directions are synchronous: records are iterated as they are asked for. */
export interface Compression {
  compress(records: Buffer): Buffer
  /** Throws whatever the library throws for bytes that it did not write. */
  decompress(bytes: Buffer): Buffer
}
