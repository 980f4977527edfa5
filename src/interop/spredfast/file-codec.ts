import { createGzip } from 'node:zlib'
import type { RecordBatch } from '../../batch/record-batch.js'
import { BatchedRecords, inBatches } from '../../codec/batched-records.js'
import type { Codec, CodecCallOptions } from '../../codec/codec.js'
import { ArchiveCorruptError } from '../../errors.js'
import { chunkName, gzipMembers } from './gzip-members.js'
import type { IndexedChunk } from './index-file.js'
import { Losses, type SpredfastLoss } from './losses.js'
import { bytesOf, type RecordFormat, readerOf } from './record-format.js'

/** What is known of a chunk when it is written, and its bytes do not say. */
export interface WrittenChunk extends IndexedChunk {
  /** Offset of the first record of its file. */
  readonly first: bigint
}

/** How files are written. */
export interface FileCodecOptions {
  readonly format: RecordFormat
  /** Size of a chunk's content at which the next one begins, in bytes. */
  readonly blockBytes: number
  readonly allowed: ReadonlySet<SpredfastLoss>
  /** Takes note of each chunk that is written. */
  readonly onChunk: (chunk: Uint8Array, facts: WrittenChunk) => void
  /** Key of the file whose bytes begin with these, if it is known. */
  readonly fileOf: (bytes: Uint8Array) => string | undefined
}

/** Files that kafkeep has written: what their names say is known to be so. */
export const WRITTEN_EXTENSION = '.spredfast'
/** Files of the connector: nobody vouches for what is said of them. */
export const FOREIGN_EXTENSION = '.foreign.spredfast'
/** The same behind values that were taken apart, so that offsets had to move. */
export const MOVED_EXTENSION = '.moved.spredfast'

/** The codec of data files: gzip members of records, each a chunk. */
export function fileCodec(options: FileCodecOptions): Codec<RecordBatch> {
  return {
    id: 'spredfast',
    extension: WRITTEN_EXTENSION,
    lossless: false,
    seekable: false,
    encode: (batches, call: CodecCallOptions = {}) => encode(batches, options, call),
    decode: (bytes, { signal }: CodecCallOptions = {}) => decode(bytes, options, signal),
  }
}

/** The same for files that others have written. */
export function foreignFileCodecs(options: FileCodecOptions): readonly [Codec<RecordBatch>, Codec<RecordBatch>] {
  const codec = fileCodec(options)
  return [
    { ...codec, extension: FOREIGN_EXTENSION, foreign: 'placed' },
    { ...codec, extension: MOVED_EXTENSION, foreign: 'counted' },
  ]
}

async function* decode(
  bytes: AsyncIterable<Uint8Array>,
  { format, fileOf }: FileCodecOptions,
  signal: AbortSignal | undefined,
): AsyncGenerator<RecordBatch, void, void> {
  let file: string | undefined
  async function* noted(): AsyncGenerator<Uint8Array, void, void> {
    for await (const chunk of bytes) {
      file ??= fileOf(chunk)
      yield chunk
    }
  }
  try {
    yield* batchesOf(noted(), format, signal)
  } catch (cause) {
    if (!(cause instanceof ArchiveCorruptError) || file === undefined) throw cause
    throw new ArchiveCorruptError(`${file} is damaged: ${cause.message}`, { key: file, cause })
  }
}

async function* batchesOf(
  bytes: AsyncIterable<Uint8Array>,
  format: RecordFormat,
  signal: AbortSignal | undefined,
): AsyncGenerator<RecordBatch, void, void> {
  const reader = readerOf(format)
  const batched = new BatchedRecords()
  for await (const member of gzipMembers(bytes)) {
    try {
      for await (const chunk of member.content()) {
        signal?.throwIfAborted()
        yield* inBatches(reader.push(chunk), batched)
      }
      yield* inBatches(reader.end(), batched)
    } catch (cause) {
      if (!(cause instanceof ArchiveCorruptError)) throw cause
      throw new ArchiveCorruptError(`${chunkName(member)}: ${cause.message}`, { cause })
    }
  }
  yield* batched.take()
}

/**
 * One chunk after the other. As the connector does it, what would make a chunk too large begins the next one; what it
 * does with each batch of a poll is done with each record batch here.
 */
async function* encode(
  batches: AsyncIterable<RecordBatch>,
  { format, blockBytes, allowed, onChunk }: FileCodecOptions,
  { signal, onLoss }: CodecCallOptions,
): AsyncGenerator<Uint8Array, void, void> {
  const losses = new Losses(format, allowed, onLoss)
  let first: bigint | undefined
  let chunk = new OpenChunk()
  const close = async () => {
    const written = await chunk.close()
    onChunk(written.bytes, { ...written.facts, first: first ?? 0n })
    chunk = new OpenChunk()
    return written.bytes
  }
  for await (const batch of batches) {
    signal?.throwIfAborted()
    if (batch.control || batch.recordCount === 0) continue
    const records = [...losses.watched(batch)]
    first ??= records[0]?.offset
    const bytes = bytesOf(records, format)
    if (chunk.contentBytes + bytes.length > blockBytes) yield await close()
    await chunk.add(bytes, records.length)
  }
  if (first === undefined) return
  // The connector ends a file by writing nothing, by the same rule.
  if (chunk.contentBytes > blockBytes) yield await close()
  yield await close()
}

/** A gzip member that is being written. */
class OpenChunk {
  readonly #gzip = createGzip()
  readonly #parts: Buffer[] = []
  #contentBytes = 0
  #records = 0

  constructor() {
    this.#gzip.on('data', (part: Buffer) => this.#parts.push(part))
  }

  get contentBytes(): number {
    return this.#contentBytes
  }

  async add(bytes: Uint8Array, records: number): Promise<void> {
    this.#contentBytes += bytes.length
    this.#records += records
    await new Promise<void>((resolve, reject) => {
      this.#gzip.write(bytes, (error) => (error ? reject(error) : resolve()))
    })
  }

  async close(): Promise<{ readonly bytes: Buffer; readonly facts: IndexedChunk }> {
    await new Promise<void>((resolve, reject) => {
      this.#gzip.on('end', resolve).on('error', reject).end()
    })
    const bytes = Buffer.concat(this.#parts)
    const facts = { contentBytes: this.#contentBytes, records: this.#records, sizeBytes: bytes.length }
    return { bytes, facts }
  }
}
