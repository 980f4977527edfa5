import * as zlib from 'node:zlib'
import { UnsupportedFormatError } from '../errors.js'
import { type CompressionType, InvalidBatchError } from './batch-header.js'

/** More than any broker accepts in one batch: a compressed batch that claims more is not believed. */
const MAX_RECORDS_BYTES = 1_073_741_824

/**
 * The records of a batch as they are without compression.
 *
 * @throws {@link UnsupportedFormatError} when the compression is not one that this process can undo.
 */
export function decompress(compression: CompressionType, bytes: Buffer): Buffer {
  if (compression === 'none') return bytes
  if (compression !== 'gzip') {
    throw new UnsupportedFormatError(`records compressed with ${compression} cannot be decoded`, {
      hint: 'whole batches are archived and restored without being decoded; single records need gzip or no compression',
    })
  }
  try {
    return zlib.gunzipSync(bytes, { maxOutputLength: MAX_RECORDS_BYTES })
  } catch (cause) {
    throw new InvalidBatchError('the records are not intact gzip', { cause })
  }
}
