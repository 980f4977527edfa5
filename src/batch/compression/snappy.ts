import { optionalPackage } from '../../internal/optional-package.js'
import { InvalidBatchError } from '../batch-header.js'
import { type Compression, checkRecordsBytes } from './algorithm.js'

/** The part of the package `snappy` that is used. */
interface SnappyPackage {
  compressSync(bytes: Buffer): Buffer
  uncompressSync(bytes: Buffer): Buffer | string
}

/**
 * Java clients write snappy in the framing of the xerial library: a magic, two versions, then blocks of raw snappy with
 * an int32 length each. Others write one raw block. Source: https://github.com/xerial/snappy-java (SnappyOutputStream).
 */
export const XERIAL_MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00])
const XERIAL_HEADER = Buffer.concat([XERIAL_MAGIC, Buffer.from([0, 0, 0, 1, 0, 0, 0, 1])])
/** Bytes before the first block. */
export const XERIAL_HEADER_BYTES = XERIAL_HEADER.length
/** Bytes of the length before each block. */
export const SNAPPY_LENGTH_BYTES = 4
const BLOCK_BYTES = 65_536
const MAX_LENGTH_VARINT_BYTES = 5

/** Snappy, read in both forms and written as Java clients do. */
export const snappy: Compression = {
  compress(records) {
    const parts: Buffer[] = [XERIAL_HEADER]
    for (let start = 0; start < records.length; start += BLOCK_BYTES) {
      const block = library().compressSync(records.subarray(start, start + BLOCK_BYTES))
      const length = Buffer.alloc(SNAPPY_LENGTH_BYTES)
      length.writeInt32BE(block.length)
      parts.push(length, block)
    }
    return Buffer.concat(parts)
  },
  decompress(bytes) {
    const blocks = bytes.subarray(0, XERIAL_MAGIC.length).equals(XERIAL_MAGIC) ? xerialBlocks(bytes) : [bytes]
    checkRecordsBytes(blocks.reduce((sum, block) => sum + claimedBytes(block), 0))
    return Buffer.concat(blocks.map((block) => Buffer.from(library().uncompressSync(block))))
  },
}

/**
 * What one raw block becomes.
 *
 * @throws {@link InvalidBatchError} when it is not intact, or would become larger than `maxBytes`.
 */
export function uncompressedBlock(block: Buffer, maxBytes: number): Buffer {
  if (claimedBytes(block) > maxBytes) throw new InvalidBatchError(`a snappy block claims more than ${maxBytes} bytes`)
  const snappyPackage = library()
  try {
    return Buffer.from(snappyPackage.uncompressSync(block))
  } catch (cause) {
    throw new InvalidBatchError('a snappy block is not intact', { cause })
  }
}

function xerialBlocks(bytes: Buffer): Buffer[] {
  const blocks: Buffer[] = []
  let position = XERIAL_HEADER.length
  while (position < bytes.length) {
    if (position + SNAPPY_LENGTH_BYTES > bytes.length) throw new InvalidBatchError('a snappy block ends in its length')
    const start = position + SNAPPY_LENGTH_BYTES
    const length = bytes.readInt32BE(position)
    if (length < 0 || start + length > bytes.length)
      throw new InvalidBatchError('a snappy block does not fit its batch')
    blocks.push(bytes.subarray(start, start + length))
    position = start + length
  }
  return blocks
}

/** A raw block begins with the length of what it becomes, as a plain varint. */
function claimedBytes(block: Buffer): number {
  let claimed = 0
  for (let index = 0; index < MAX_LENGTH_VARINT_BYTES; index++) {
    const byte = block[index]
    if (byte === undefined) break
    claimed += (byte & 0x7f) * 2 ** (7 * index)
    if (byte < 0x80) return claimed
  }
  throw new InvalidBatchError('a snappy block has no length')
}

function library(): SnappyPackage {
  return optionalPackage('snappy', 'decompressing snappy') as SnappyPackage
}
