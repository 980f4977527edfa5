import { InvalidBatchError } from '../../batch/batch-header.js'
import {
  SNAPPY_LENGTH_BYTES,
  uncompressedBlock,
  XERIAL_HEADER_BYTES,
  XERIAL_MAGIC,
} from '../../batch/compression/snappy.js'
import { ArchiveCorruptError } from '../../errors.js'
import { bytesOfFile } from './file-bytes.js'

/** Servers write blocks of 32 KiB. Other writers of this format do not go beyond a few megabytes. */
const MAX_BLOCK_BYTES = 16_777_216

/**
 * What a file in the framing of snappy-java becomes, block by block.
 *
 * @throws {@link UnsupportedFormatError} when the package `snappy` is not installed.
 */
export async function* unsnapped(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  const bytes = bytesOfFile(source, { key: 'snappy', compressed: false })
  try {
    if (!(await bytes.fill(XERIAL_HEADER_BYTES))) throw notIntact('it is cut off in its header')
    if (!bytes.take(XERIAL_HEADER_BYTES).subarray(0, XERIAL_MAGIC.length).equals(XERIAL_MAGIC)) {
      throw notIntact('it does not begin as one')
    }
    while (await bytes.fill(SNAPPY_LENGTH_BYTES)) {
      const length = bytes.take(SNAPPY_LENGTH_BYTES).readInt32BE()
      if (length < 0 || length > MAX_BLOCK_BYTES) throw notIntact(`a block claims ${length} bytes`)
      if (!(await bytes.fill(length))) throw notIntact('it is cut off in a block')
      yield block(bytes.take(length))
    }
    if (bytes.ready > 0) throw notIntact('it is cut off between two blocks')
  } finally {
    await bytes.close()
  }
}

function block(bytes: Buffer): Buffer {
  try {
    return uncompressedBlock(bytes, MAX_BLOCK_BYTES)
  } catch (cause) {
    if (cause instanceof InvalidBatchError) throw notIntact(cause.message, cause)
    throw cause
  }
}

function notIntact(why: string, cause?: unknown): ArchiveCorruptError {
  return new ArchiveCorruptError(`these bytes are not intact snappy: ${why}`, { cause })
}
