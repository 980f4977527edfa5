import { crc32, createInflateRaw, inflateRawSync } from 'node:zlib'
import { throughStream } from '../../codec/through-stream.js'
import { decompressed, OUTPUT_CHUNK_BYTES } from '../../codec/zlib-stream.js'
import { ArchiveCorruptError } from '../../errors.js'
import { optionalPackage } from '../../internal/optional-package.js'
import { checkDirectory, checkPlaces, type ZipPlace } from './zip-structure.js'

/** Largest zip that is read or written, in bytes: it is held in memory. That is a tree of millions of znodes. */
export const MAX_ZIP_BYTES = 536_870_912
/** Most files in a zip. */
export const MAX_ZIP_ENTRIES = 2_000_000
/** Bytes of all files of a zip together when they are decompressed. Below what needs 64-bit sizes in a zip. */
export const MAX_UNZIPPED_BYTES = 4_000_000_000

/** Which zip it is, and what ends the reading of it. */
export interface ZipCall {
  /** Its key in storage, for errors. */
  readonly key: string
  readonly signal?: AbortSignal | undefined
}

/** A file of a zip, as its two headers agree to describe it. */
export interface ZipEntry {
  readonly name: string
  /** Bytes when it is decompressed. */
  readonly sizeBytes: number
  readonly crc32: number
  /** Whether it lies there as it is. */
  readonly stored: boolean
  readonly packed: Buffer
}

/** What is used of yauzl: it parses the structure of a zip. What is inflated, and how far, is decided here. */
interface Yauzl {
  fromBufferPromise(bytes: Buffer, options: { readonly decodeStrings: false }): Promise<YauzlFile>
}

interface YauzlFile {
  /** Of the whole zip, as bytes. */
  readonly comment: Buffer
  eachEntry(): AsyncIterable<YauzlEntry>
  readLocalFileHeaderPromise(entry: YauzlEntry): Promise<YauzlLocalHeader>
}

interface YauzlEntry {
  readonly fileNameRaw: Buffer
  readonly fileNameLength: number
  readonly extraFieldLength: number
  readonly fileCommentLength: number
  readonly generalPurposeBitFlag: number
  readonly compressionMethod: number
  readonly crc32: number
  readonly compressedSize: number
  readonly uncompressedSize: number
  readonly relativeOffsetOfLocalHeader: number
  isEncrypted(): boolean
}

interface YauzlLocalHeader {
  readonly fileDataStart: number
  readonly fileName: Buffer
}

const METHOD = { stored: 0, deflated: 8 } as const
const DIRECTORY_RECORD_BYTES = 46
const DESCRIPTOR_FLAG = 8
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * The files of a zip. Nothing in it is believed: every byte must belong to one file that is named twice in the same
 * way, so that a zip which lost files, or of which names were changed, is not taken for a whole one.
 *
 * @throws {@link ArchiveCorruptError} that names the zip as `key`, and the file.
 */
export async function readZip(bytes: Buffer, { key, signal }: ZipCall): Promise<readonly ZipEntry[]> {
  const yauzl = optionalPackage('yauzl', 'reading the zips of Burry') as Yauzl
  try {
    const zip = await yauzl.fromBufferPromise(bytes, { decodeStrings: false })
    return await entriesOf(zip, bytes, { key, signal })
  } catch (cause) {
    signal?.throwIfAborted()
    if (cause instanceof ArchiveCorruptError) throw cause
    throw damagedZip(key, cause instanceof Error ? cause.message : String(cause), cause)
  }
}

async function entriesOf(zip: YauzlFile, bytes: Buffer, { key, signal }: ZipCall): Promise<readonly ZipEntry[]> {
  const entries: ZipEntry[] = []
  const places: ZipPlace[] = []
  let [directoryBytes, unzippedBytes] = [0, 0]
  for await (const entry of zip.eachEntry()) {
    signal?.throwIfAborted()
    const name = nameOf(entry, key)
    const local = await localHeader(zip, entry, { key, name })
    const start = local.fileDataStart
    const packed = bytes.subarray(start, start + entry.compressedSize)
    const hasDescriptor = (entry.generalPurposeBitFlag & DESCRIPTOR_FLAG) !== 0
    entries.push({
      name,
      sizeBytes: entry.uncompressedSize,
      crc32: entry.crc32,
      stored: entry.compressionMethod === METHOD.stored,
      packed,
    })
    places.push({ name, start: entry.relativeOffsetOfLocalHeader, end: start + packed.length, hasDescriptor })
    directoryBytes += DIRECTORY_RECORD_BYTES + entry.fileNameLength + entry.extraFieldLength + entry.fileCommentLength
    unzippedBytes += entry.uncompressedSize
    if (entries.length > MAX_ZIP_ENTRIES) throw damagedZip(key, `it has more than ${MAX_ZIP_ENTRIES} files`)
    if (unzippedBytes > MAX_UNZIPPED_BYTES) {
      throw damagedZip(key, `its files are more than ${MAX_UNZIPPED_BYTES} bytes when they are decompressed`)
    }
  }
  const fault = checkPlaces(places, checkDirectory(bytes, zip.comment.length, directoryBytes))
  if (fault !== undefined) throw damagedZip(key, fault)
  return entries
}

function nameOf({ fileNameRaw }: YauzlEntry, key: string): string {
  try {
    return UTF8.decode(fileNameRaw)
  } catch (cause) {
    throw damagedZip(key, `the name ${JSON.stringify(fileNameRaw.toString('latin1'))} is not UTF-8`, cause)
  }
}

async function localHeader(
  zip: YauzlFile,
  entry: YauzlEntry,
  { key, name }: { readonly key: string; readonly name: string },
): Promise<YauzlLocalHeader> {
  const { compressionMethod: method } = entry
  if (entry.isEncrypted()) throw damagedEntry(key, name, 'it is encrypted')
  if (method !== METHOD.stored && method !== METHOD.deflated) {
    throw damagedEntry(key, name, `its compression method is ${method}, and Burry's is ${METHOD.deflated}`)
  }
  const local = await zip.readLocalFileHeaderPromise(entry)
  if (!local.fileName.equals(entry.fileNameRaw)) throw damagedEntry(key, name, 'it has two different names')
  return local
}

/**
 * The content of a small file.
 *
 * @throws {@link ArchiveCorruptError} when it is not what its header says. No more is decompressed than that.
 */
export function contentOf(entry: ZipEntry, key: string): Uint8Array {
  const content = entry.stored ? entry.packed : inflated(entry, key)
  if (content.length === entry.sizeBytes && crc32(content) === entry.crc32) return content
  throw damagedEntry(key, entry.name, 'its checksum is wrong')
}

function inflated({ name, packed, sizeBytes }: ZipEntry, key: string): Uint8Array {
  try {
    return inflateRawSync(packed, { maxOutputLength: Math.max(1, sizeBytes) })
  } catch (cause) {
    throw damagedEntry(key, name, `it does not decompress to ${sizeBytes} bytes`, cause)
  }
}

/** {@link contentOf} in pieces, for a large file. Only when the iteration ends without an error is it intact. */
export async function* contentStream(
  { name, packed, stored, sizeBytes, crc32: expected }: ZipEntry,
  { key, signal }: ZipCall,
): AsyncGenerator<Uint8Array, void, void> {
  const chunks = stored
    ? pieces(packed)
    : throughStream(
        pieces(packed),
        (source) => decompressed(source, createInflateRaw({ chunkSize: OUTPUT_CHUNK_BYTES })),
        { signal, failure: (cause) => damagedEntry(key, name, 'it does not decompress', cause) },
      )
  let [length, sum] = [0, 0]
  for await (const chunk of chunks) {
    length += chunk.length
    if (length > sizeBytes) throw damagedEntry(key, name, `it decompresses to more than ${sizeBytes} bytes`)
    sum = crc32(chunk, sum)
    yield chunk
  }
  if (length !== sizeBytes || sum !== expected) throw damagedEntry(key, name, 'its checksum is wrong')
}

async function* pieces(bytes: Buffer): AsyncGenerator<Uint8Array, void, void> {
  for (let start = 0; start < bytes.length; start += OUTPUT_CHUNK_BYTES) {
    yield bytes.subarray(start, start + OUTPUT_CHUNK_BYTES)
  }
}

/** Damage of a zip as a whole. */
export function damagedZip(key: string, why: string, cause?: unknown): ArchiveCorruptError {
  return new ArchiveCorruptError(`${key} is not an intact zip: ${why}`, { key, cause })
}

/** Damage in a file of a zip. */
export function damagedEntry(key: string, name: string, why: string, cause?: unknown): ArchiveCorruptError {
  return new ArchiveCorruptError(`${key}: the file ${JSON.stringify(name)} is damaged: ${why}`, { key, cause })
}
