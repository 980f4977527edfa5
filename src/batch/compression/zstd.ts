import * as zlib from 'node:zlib'
import { optionalPackage } from '../../internal/optional-package.js'
import {
  ZSTD_BLOCK_HEADER_BYTES,
  ZSTD_MAGIC,
  zstdBlock,
  zstdChecksumBytes,
  zstdHeaderRestBytes,
} from '../../internal/zstd-frame-format.js'
import { InvalidBatchError } from '../batch-header.js'
import { type Compression, checkRecordsBytes, MAX_RECORDS_BYTES } from './algorithm.js'

/** What Node has from 22.15 and 23.8 on; the types of Node 20 do not know it. */
interface ZstdOfNode {
  zstdCompressSync(bytes: Buffer): Buffer
  zstdDecompressSync(bytes: Buffer, options: { readonly maxOutputLength: number }): Buffer
}

/** The part of the package `@toondepauw/node-zstd` that is used on older Nodes. */
interface ZstdPackage {
  readonly Encoder: new (level: number) => { encodeSync(bytes: Buffer): Buffer }
  readonly Decoder: new () => { decodeSync(bytes: Buffer): Buffer }
}

const LARGEST_BLOCK_BYTES = 131_072
/** Magic and descriptor. */
const FRAME_START_BYTES = 5
const DEFAULT_LEVEL = 3

/** Zstandard, by Node itself where it can. */
export const zstd: Compression = {
  compress(records) {
    if (nodeHasZstd(zlib)) return zlib.zstdCompressSync(records)
    return new (library().Encoder)(DEFAULT_LEVEL).encodeSync(records)
  },
  decompress(bytes) {
    checkRecordsBytes(largestBytes(bytes))
    if (nodeHasZstd(zlib)) return zlib.zstdDecompressSync(bytes, { maxOutputLength: MAX_RECORDS_BYTES })
    return new (library().Decoder)().decodeSync(bytes)
  },
}

function nodeHasZstd(module: object): module is ZstdOfNode {
  return 'zstdDecompressSync' in module && 'zstdCompressSync' in module
}

/** The most that a frame can become: its blocks, each at the largest size there is. */
function largestBytes(frame: Buffer): number {
  if (frame.length <= FRAME_START_BYTES || frame.readUInt32LE(0) !== ZSTD_MAGIC) {
    throw new InvalidBatchError('this is no zstd frame')
  }
  const descriptor = frame.readUInt8(FRAME_START_BYTES - 1)
  let position = FRAME_START_BYTES + zstdHeaderRestBytes(descriptor)
  for (let blocks = 1; position + ZSTD_BLOCK_HEADER_BYTES <= frame.length; blocks++) {
    const block = zstdBlock(frame.readUIntLE(position, ZSTD_BLOCK_HEADER_BYTES))
    position += ZSTD_BLOCK_HEADER_BYTES + block.bytes
    if (!block.last) continue
    if (position + zstdChecksumBytes(descriptor) > frame.length) break
    return blocks * LARGEST_BLOCK_BYTES
  }
  throw new InvalidBatchError('a zstd frame is cut off')
}

function library(): ZstdPackage {
  return optionalPackage('@toondepauw/node-zstd', 'decoding records compressed with zstd on this Node') as ZstdPackage
}
