import * as zlib from 'node:zlib'
import { ArchiveCorruptError, UnsupportedFormatError } from '../errors.js'
import { integerOption, rejectUnknownOptions } from '../internal/options.js'
import type { BytesCodec, CodecCallOptions } from './codec.js'
import { throughStream } from './through-stream.js'
import { decompressed, OUTPUT_CHUNK_BYTES, piped, type ZlibStream } from './zlib-stream.js'
import { zstdFrames } from './zstd-frames.js'

/** Options of {@link zstd}. */
export interface ZstdOptions {
  /** From 1, the fastest, to 19, the smallest. Reading needs none. @defaultValue `3` */
  readonly level?: number | undefined
}

/** What Node has from 22.15 and 23.8 on; the types of Node 20 do not know it. */
interface ZstdOfNode {
  createZstdCompress(options: ZstdStreamOptions): ZlibStream
  createZstdDecompress(options: ZstdStreamOptions): ZlibStream
}

interface ZstdStreamOptions {
  readonly chunkSize: number
  readonly params?: Readonly<Record<number, number>>
}

const DEFAULTS = { level: 3 } as const
/** Source: zstd.h (ZSTD_cParameter). */
const PARAMETER = { compressionLevel: 100, checksumFlag: 201 } as const

/**
 * Compresses with Zstandard (RFC 8878), which is faster than gzip and makes smaller objects. Writes one frame with a
 * checksum; reads several as one. Needs Node 22.15, 23.8 or newer, for writing as for reading.
 *
 * Both directions stream: an object that becomes a thousand times larger costs time, but no memory.
 *
 * @throws TypeError or RangeError when an option is wrong.
 */
export function zstd(options: ZstdOptions = {}): BytesCodec {
  rejectUnknownOptions('zstd', options, ['level'])
  const level = integerOption('level', options.level, DEFAULTS.level, { min: 1, max: 19 })
  const params = { [PARAMETER.compressionLevel]: level, [PARAMETER.checksumFlag]: 1 }
  return {
    id: 'zstd',
    extension: '.zst',
    lossless: true,
    seekable: false,
    encode: (bytes, { signal }: CodecCallOptions = {}) =>
      throughStream(
        bytes,
        (source) => piped(source, zstdOfNode().createZstdCompress({ params, chunkSize: OUTPUT_CHUNK_BYTES })),
        { signal },
      ),
    decode: (bytes, { signal }: CodecCallOptions = {}) =>
      throughStream(
        bytes,
        (source) =>
          decompressed(zstdFrames(source), zstdOfNode().createZstdDecompress({ chunkSize: OUTPUT_CHUNK_BYTES })),
        {
          signal,
          failure: (cause) => new ArchiveCorruptError('these bytes are not intact zstd', { cause }),
        },
      ),
  }
}

function zstdOfNode(): ZstdOfNode {
  if (hasZstd(zlib)) return zlib
  throw new UnsupportedFormatError(`node:zlib of Node ${process.version} has no zstd`, {
    hint: 'use Node 22.15 or newer, or gzip()',
  })
}

function hasZstd(module: object): module is ZstdOfNode {
  return 'createZstdCompress' in module && 'createZstdDecompress' in module
}
