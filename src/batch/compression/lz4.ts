import { optionalPackage } from '../../internal/optional-package.js'
import { InvalidBatchError } from '../batch-header.js'
import { type Compression, checkRecordsBytes } from './algorithm.js'

/** The part of the package `lz4-napi` that is used. */
interface Lz4Package {
  compressFrameSync(bytes: Buffer): Buffer
  decompressFrameSync(bytes: Buffer): Buffer
}

/** Source: https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md. */
const FRAME_MAGIC = 0x184d2204
const FLAG = { contentSize: 0x08, blockChecksum: 0x10, dictionaryId: 0x01 } as const
const BLOCK_SIZES: Readonly<Record<number, number>> = { 4: 65_536, 5: 262_144, 6: 1_048_576, 7: 4_194_304 }
const STORED_BLOCK = 0x80000000

/** LZ4 in its frame format. */
export const lz4: Compression = {
  compress: (records) => library().compressFrameSync(records),
  decompress(bytes) {
    checkRecordsBytes(largestBytes(bytes))
    return library().decompressFrameSync(bytes)
  },
}

/** The most that a frame can become: its blocks, each at the frame's largest block size. */
function largestBytes(frame: Buffer): number {
  if (frame.length < 7 || frame.readUInt32LE(0) !== FRAME_MAGIC) throw new InvalidBatchError('this is no lz4 frame')
  const flags = frame.readUInt8(4)
  const blockBytes = BLOCK_SIZES[(frame.readUInt8(5) >> 4) & 0x07]
  if (blockBytes === undefined) throw new InvalidBatchError('an lz4 frame has an unknown block size')
  const checksumBytes = flags & FLAG.blockChecksum ? 4 : 0
  let position = 7 + (flags & FLAG.contentSize ? 8 : 0) + (flags & FLAG.dictionaryId ? 4 : 0)
  let blocks = 0
  while (position + 4 <= frame.length) {
    const size = frame.readUInt32LE(position)
    if (size === 0) return blocks * blockBytes
    position += 4 + (size >= STORED_BLOCK ? size - STORED_BLOCK : size) + checksumBytes
    blocks++
  }
  throw new InvalidBatchError('an lz4 frame has no end')
}

function library(): Lz4Package {
  return optionalPackage('lz4-napi', 'decoding records compressed with lz4') as Lz4Package
}
