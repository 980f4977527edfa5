import { constants, crc32, createDeflateRaw, deflateRawSync } from 'node:zlib'
import { headerFromZnode, headerToZnode } from '../../archive/znode-snapshot-header.js'
import { jsonLinesZnodes } from '../../codec/json-lines-znodes.js'
import { throughStream } from '../../codec/through-stream.js'
import { OUTPUT_CHUNK_BYTES, piped } from '../../codec/zlib-stream.js'
import { UnsupportedFormatError } from '../../errors.js'
import type { Znode } from '../../zookeeper/znode.js'
import { MAX_CONTENT_BYTES } from './burry-tree.js'
import { BURRY_META, contentName, isHeldByBurry, KAFKEEP_SIDECAR } from './names.js'
import { MAX_UNZIPPED_BYTES, MAX_ZIP_BYTES, MAX_ZIP_ENTRIES } from './zip-reading.js'
import { type PackedFile, ZipWriter } from './zip-writing.js'

/** Bytes that the end of a zip takes at most. */
const ZIP_END_BYTES = 98
/** Least that zlib takes. */
const MIN_CHUNK_BYTES = 64

/**
 * Makes the zip of a snapshot, as Burry would, with the snapshot itself in a file that Burry passes over. `items` are
 * the header and the nodes.
 *
 * @throws {@link UnsupportedFormatError} when it is larger than what is read again.
 */
export async function writeBurryZip(
  items: AsyncIterable<Znode>,
  {
    snapshot,
    key,
    signal,
  }: { readonly snapshot: string; readonly key: string; readonly signal: AbortSignal | undefined },
): Promise<readonly Uint8Array[]> {
  const zip = new BoundedZip(key)
  zip.add(`${snapshot}/${BURRY_META}`, packed(metaOf(snapshot)))
  const nodes = alsoAsFiles(items, { snapshot, zip })
  zip.add(`${snapshot}/${KAFKEEP_SIDECAR}`, await packedStream(jsonLinesZnodes().encode(nodes, { signal }), signal))
  return zip.end()
}

/** Answers the items as they go to the sidecar, after adding the content of each. */
async function* alsoAsFiles(
  items: AsyncIterable<Znode>,
  { snapshot, zip }: { readonly snapshot: string; readonly zip: BoundedZip },
): AsyncGenerator<Znode, void, void> {
  let isFirst = true
  for await (const item of items) {
    if (isFirst) {
      isFirst = false
      // The name tells no more than the second, and a snapshot was taken when its name says.
      yield headerToZnode({ ...headerFromZnode(item, zip.key), takenMs: Number(snapshot) * 1_000 })
      continue
    }
    const name = isHeldByBurry(item, snapshot) ? contentName(snapshot, item.path) : undefined
    if (name !== undefined) zip.add(name, packedData(item))
    yield item
  }
}

/** What Burry says of a snapshot. It never reads it, and kafkeep knows no addresses: they would be no secret there. */
function metaOf(snapshot: string): Buffer {
  const date = new Date(Number(snapshot) * 1_000).toISOString().replace('.000Z', 'Z')
  const meta = { 'snapshot-date': date, svc: 'zk', 'svc-endpoint': '', target: 's3', 'target-endpoint': '' }
  return Buffer.from(JSON.stringify(meta))
}

function packedData({ path, data }: Znode): PackedFile {
  const bytes = data ?? new Uint8Array()
  if (bytes.length <= MAX_CONTENT_BYTES) return packed(bytes)
  throw new UnsupportedFormatError(
    `${path} holds ${bytes.length} bytes, and a zip of Burry has ${MAX_CONTENT_BYTES} for a znode`,
  )
}

function packed(bytes: Uint8Array): PackedFile {
  // What zlib answers keeps the whole chunk that it was written to, which would be 16 KiB for every small znode.
  const content = deflateRawSync(bytes, { chunkSize: bytes.length + MIN_CHUNK_BYTES })
  return { packed: [content], packedBytes: content.length, sizeBytes: bytes.length, crc32: crc32(bytes) }
}

async function packedStream(bytes: AsyncIterable<Uint8Array>, signal: AbortSignal | undefined): Promise<PackedFile> {
  const chunks: Uint8Array[] = []
  let [packedBytes, sizeBytes, sum] = [0, 0, 0]
  async function* measured() {
    for await (const chunk of bytes) {
      sizeBytes += chunk.length
      sum = crc32(chunk, sum)
      yield chunk
    }
  }
  const deflate = createDeflateRaw({ chunkSize: OUTPUT_CHUNK_BYTES, level: constants.Z_DEFAULT_COMPRESSION })
  for await (const chunk of throughStream(measured(), (source) => piped(source, deflate), { signal })) {
    packedBytes += chunk.length
    chunks.push(chunk)
  }
  return { packed: chunks, packedBytes, sizeBytes, crc32: sum }
}

/** A zip that can be read again. */
class BoundedZip {
  readonly #zip = new ZipWriter()
  #files = 0
  #unzippedBytes = 0

  constructor(readonly key: string) {}

  add(name: string, file: PackedFile): void {
    this.#zip.add(name, file)
    this.#files += 1
    this.#unzippedBytes += file.sizeBytes
    const isLarge =
      this.#zip.bytes + ZIP_END_BYTES > MAX_ZIP_BYTES ||
      this.#files > MAX_ZIP_ENTRIES ||
      this.#unzippedBytes > MAX_UNZIPPED_BYTES
    if (!isLarge) return
    throw new UnsupportedFormatError(`${this.key} would have ${this.#files} files of ${this.#unzippedBytes} bytes`, {
      hint: `at most ${MAX_ZIP_ENTRIES} files of ${MAX_UNZIPPED_BYTES} bytes in a zip of ${MAX_ZIP_BYTES} are read; leave out the layout of Burry, or snapshot parts of the tree as \`roots\``,
    })
  }

  end(): readonly Uint8Array[] {
    return this.#zip.end()
  }
}
