import * as zlib from 'node:zlib'
import { optionalPackage } from '../../internal/optional-package.js'
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

/** Source: https://www.rfc-editor.org/rfc/rfc8878. */
const FRAME_MAGIC = 0xfd2fb528
const LARGEST_BLOCK_BYTES = 131_072
const RLE_BLOCK = 1
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
  if (frame.length < 6 || frame.readUInt32LE(0) !== FRAME_MAGIC) throw new InvalidBatchError('this is no zstd frame')
  let position = 4 + headerBytes(frame.readUInt8(4))
  for (let blocks = 1; position + 3 <= frame.length; blocks++) {
    const header = frame.readUIntLE(position, 3)
    const type = (header >> 1) & 0x03
    position += 3 + (type === RLE_BLOCK ? 1 : header >> 3)
    if ((header & 1) === 1) return blocks * LARGEST_BLOCK_BYTES
  }
  throw new InvalidBatchError('a zstd frame has no end')
}

function headerBytes(descriptor: number): number {
  const singleSegment = (descriptor & 0x20) !== 0
  const dictionaryIdBytes = [0, 1, 2, 4][descriptor & 0x03] ?? 0
  const contentSizeBytes = [singleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0
  return 1 + (singleSegment ? 0 : 1) + dictionaryIdBytes + contentSizeBytes
}

function library(): ZstdPackage {
  return optionalPackage('@toondepauw/node-zstd', 'decoding records compressed with zstd on this Node') as ZstdPackage
}
