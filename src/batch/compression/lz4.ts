import { optionalPackage } from '../../internal/optional-package.js'
import { InvalidBatchError } from '../batch-header.js'
import { type Compression, checkRecordsBytes } from './algorithm.js'

/** The part of the package `lz4-napi` that is used: blocks, with the size of what they become in front (int32, little-endian). */
interface Lz4Package {
  compressFrameSync(bytes: Buffer): Buffer
  uncompressSync(sizedBlock: Buffer, dictionary?: Buffer): Buffer
}

/** Source: https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md. */
const FRAME_MAGIC = 0x184d2204
const FLAG = { independentBlocks: 0x20, blockChecksum: 0x10, contentSize: 0x08, dictionaryId: 0x01 } as const
const BLOCK_SIZES: Readonly<Record<number, number>> = { 4: 65_536, 5: 262_144, 6: 1_048_576, 7: 4_194_304 }
const STORED_BLOCK = 0x80000000
/** How far back a block may refer to what came before it. */
const WINDOW_BYTES = 65_536

/**
 * LZ4 in its frame format. Frames are taken apart here, because the library decodes blocks many times as fast as
 * frames. Their own checksums are not looked at: the batch's checksum covers every byte.
 */
export const lz4: Compression = {
  compress: (records) => library().compressFrameSync(records),
  decompress(bytes) {
    const frame = parseFrame(bytes)
    checkRecordsBytes(frame.blocks.length * frame.blockBytes)
    const parts: Buffer[] = []
    for (const { content, stored } of frame.blocks) {
      parts.push(stored ? content : decompressBlock(content, frame, parts.at(-1)))
    }
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts)
  },
}

interface Frame {
  /** The most that one block becomes. */
  readonly blockBytes: number
  readonly independentBlocks: boolean
  readonly blocks: readonly { readonly content: Buffer; readonly stored: boolean }[]
}

function parseFrame(frame: Buffer): Frame {
  if (frame.length < 7 || frame.readUInt32LE(0) !== FRAME_MAGIC) throw new InvalidBatchError('this is no lz4 frame')
  const flags = frame.readUInt8(4)
  const blockBytes = BLOCK_SIZES[(frame.readUInt8(5) >> 4) & 0x07]
  if (blockBytes === undefined) throw new InvalidBatchError('an lz4 frame has an unknown block size')
  const independentBlocks = (flags & FLAG.independentBlocks) !== 0
  const checksumBytes = flags & FLAG.blockChecksum ? 4 : 0
  const blocks: Frame['blocks'][number][] = []
  let position = 7 + (flags & FLAG.contentSize ? 8 : 0) + (flags & FLAG.dictionaryId ? 4 : 0)
  while (position + 4 <= frame.length) {
    const field = frame.readUInt32LE(position)
    if (field === 0) return { blockBytes, independentBlocks, blocks }
    const stored = field >= STORED_BLOCK
    const start = position + 4
    const end = start + (stored ? field - STORED_BLOCK : field)
    if (end > frame.length) break
    blocks.push({ content: frame.subarray(start, end), stored })
    position = end + checksumBytes
  }
  throw new InvalidBatchError('an lz4 frame has no end')
}

function decompressBlock(
  content: Buffer,
  { blockBytes, independentBlocks }: Frame,
  before: Buffer | undefined,
): Buffer {
  const sized = Buffer.allocUnsafe(4 + content.length)
  sized.writeUInt32LE(blockBytes, 0)
  content.copy(sized, 4)
  if (independentBlocks || before === undefined) return library().uncompressSync(sized)
  return library().uncompressSync(sized, before.subarray(-WINDOW_BYTES))
}

function library(): Lz4Package {
  return optionalPackage('lz4-napi', 'decoding records compressed with lz4') as Lz4Package
}
