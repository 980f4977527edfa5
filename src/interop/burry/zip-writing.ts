/** Bytes that go into a zip, and what is known of them when they are decompressed. */
export interface PackedFile {
  /** Compressed with deflate. */
  readonly packed: readonly Uint8Array[]
  readonly packedBytes: number
  readonly sizeBytes: number
  readonly crc32: number
}

const VERSION = 20
const DEFLATED = 8
const FLAGS = { descriptor: 0x0008, utf8: 0x0800 } as const
const MAX_UINT16 = 0xffff
// biome-ignore lint/suspicious/noControlCharactersInRegex: the range is that of ASCII
const PLAIN = /^[\x00-\x5b\x5d-\x7f]*$/

/**
 * Writes a zip as Go's archive/zip does, which Burry uses: every file deflated, its sizes in a descriptor behind it, no
 * times. Node has no writer of zips, and of the packages yazl takes minutes for 200,000 files and fflate cannot write
 * more than 65,535.
 */
export class ZipWriter {
  readonly #chunks: Uint8Array[] = []
  readonly #directory: Uint8Array[] = []
  #bytes = 0
  #directoryBytes = 0

  /** Bytes of the zip if it ended now, but for a few. */
  get bytes(): number {
    return this.#bytes + this.#directoryBytes
  }

  /** Adds a file. Nobody looks whether there is one of that name. */
  add(name: string, file: PackedFile): void {
    const start = this.#bytes
    const path = Buffer.from(name)
    const flags = FLAGS.descriptor | (PLAIN.test(name) ? 0 : FLAGS.utf8)
    this.#write([
      fields([0x04034b50, 4], [VERSION, 2], [flags, 2], [DEFLATED, 2], [0, 16], [path.length, 2], [0, 2]),
      path,
    ])
    this.#write(file.packed)
    this.#write([fields([0x08074b50, 4], ...facts(file))])
    const record = fields(
      [0x02014b50, 4],
      [VERSION, 2],
      [VERSION, 2],
      [flags, 2],
      [DEFLATED, 2],
      [0, 4],
      ...facts(file),
      [path.length, 2],
      [0, 12],
      [start, 4],
    )
    this.#directory.push(record, path)
    this.#directoryBytes += record.length + path.length
  }

  /** The whole zip. Nothing can be added any more. */
  end(): readonly Uint8Array[] {
    const start = this.#bytes
    const files = this.#directory.length / 2
    this.#write(this.#directory)
    const end = this.#bytes
    if (files >= MAX_UINT16) {
      const size = end - start
      this.#write([
        fields(
          [0x06064b50, 4],
          [44, 8],
          [VERSION, 2],
          [VERSION, 2],
          [0, 8],
          [files, 8],
          [files, 8],
          [size, 8],
          [start, 8],
        ),
        fields([0x07064b50, 4], [0, 4], [end, 8], [1, 4]),
      ])
    }
    const shown = Math.min(files, MAX_UINT16)
    this.#write([fields([0x06054b50, 4], [0, 4], [shown, 2], [shown, 2], [end - start, 4], [start, 4], [0, 2])])
    return this.#chunks
  }

  #write(chunks: readonly Uint8Array[]): void {
    for (const chunk of chunks) {
      this.#chunks.push(chunk)
      this.#bytes += chunk.length
    }
  }
}

type Field = readonly [value: number, bytes: number]

function facts({ crc32: sum, packedBytes, sizeBytes }: PackedFile): readonly Field[] {
  return [
    [sum, 4],
    [packedBytes, 4],
    [sizeBytes, 4],
  ]
}

/** Numbers one after the other, each in so many bytes, the lowest first. */
function fields(...numbers: readonly Field[]): Buffer {
  const record = Buffer.alloc(numbers.reduce((sum, [, bytes]) => sum + bytes, 0))
  let offset = 0
  for (const [value, bytes] of numbers) {
    // Six bytes are the most that Node writes at once, and more than any number here has.
    record.writeUIntLE(value, offset, Math.min(bytes, 6))
    offset += bytes
  }
  return record
}
