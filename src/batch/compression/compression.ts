import { gunzipSync, gzipSync } from 'node:zlib'
import { UnsupportedFormatError } from '../../errors.js'
import { type CompressionType, InvalidBatchError } from '../batch-header.js'
import { type Compression, MAX_RECORDS_BYTES } from './algorithm.js'
import { lz4 } from './lz4.js'
import { snappy } from './snappy.js'
import { zstd } from './zstd.js'

const gzip: Compression = {
  compress: (records) => gzipSync(records),
  decompress: (bytes) => gunzipSync(bytes, { maxOutputLength: MAX_RECORDS_BYTES }),
}

const none: Compression = { compress: (records) => records, decompress: (bytes) => bytes }

const COMPRESSIONS: Readonly<Record<CompressionType, Compression>> = { none, gzip, snappy, lz4, zstd }

/**
 * Compresses the records of a batch.
 *
 * @throws {@link UnsupportedFormatError} when the package for this compression is not installed.
 */
export function compress(compression: CompressionType, records: Buffer): Buffer {
  return COMPRESSIONS[compression].compress(records)
}

/**
 * The records of a batch as they are without compression.
 *
 * @throws {@link UnsupportedFormatError} when the package for this compression is not installed.
 * @throws {@link InvalidBatchError} when the bytes are not intact, or would become larger than any batch is.
 */
export function decompress(compression: CompressionType, bytes: Buffer): Buffer {
  try {
    return COMPRESSIONS[compression].decompress(bytes)
  } catch (cause) {
    if (cause instanceof InvalidBatchError || cause instanceof UnsupportedFormatError) throw cause
    throw new InvalidBatchError(`the records are not intact ${compression}`, { cause })
  }
}
