import { createGunzip, createGzip } from 'node:zlib'
import { ArchiveCorruptError } from '../errors.js'
import { integerOption, rejectUnknownOptions } from '../internal/options.js'
import type { BytesCodec, CodecCallOptions } from './codec.js'
import { throughStream } from './through-stream.js'
import { decompressed, OUTPUT_CHUNK_BYTES, piped } from './zlib-stream.js'

/** Options of {@link gzip}. */
export interface GzipOptions {
  /** From 0, which only frames the bytes, to 9, the smallest and slowest. Reading needs none. @defaultValue `6` */
  readonly level?: number | undefined
}

const DEFAULTS = { level: 6 } as const

/**
 * Compresses with gzip (RFC 1952), which any tool reads. Writes one member, which has a CRC-32; reads several as one.
 *
 * Both directions stream: an object that becomes a thousand times larger costs time, but no memory.
 *
 * @throws TypeError or RangeError when an option is wrong.
 */
export function gzip(options: GzipOptions = {}): BytesCodec {
  rejectUnknownOptions('gzip', options, ['level'])
  const level = integerOption('level', options.level, DEFAULTS.level, { min: 0, max: 9 })
  return {
    id: 'gzip',
    extension: '.gz',
    lossless: true,
    seekable: false,
    encode: (bytes, { signal }: CodecCallOptions = {}) =>
      throughStream(bytes, (source) => piped(source, createGzip({ level, chunkSize: OUTPUT_CHUNK_BYTES })), { signal }),
    decode: (bytes, { signal }: CodecCallOptions = {}) =>
      throughStream(bytes, (source) => decompressed(source, createGunzip({ chunkSize: OUTPUT_CHUNK_BYTES })), {
        signal,
        failure: (cause) => new ArchiveCorruptError('these bytes are not intact gzip', { cause }),
      }),
  }
}
