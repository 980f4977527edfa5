import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib'

/** A file of a zip made by hand. What is given replaces what would be right. */
export interface HandmadeFile {
  readonly name: string | Buffer
  readonly data?: string | Buffer
  /** The name in the file's own header. */
  readonly localName?: string
  readonly flags?: number
  readonly method?: number
  readonly packed?: Buffer
  readonly sizeBytes?: number
  readonly packedBytes?: number
  readonly sum?: number
  readonly offset?: number
}

/** Makes a zip as the format says, but for what is replaced. What is only `listed` has an `offset`. */
export function handmadeZip(
  files: readonly HandmadeFile[],
  { count, listed = files, comment = '' }: { count?: number; listed?: readonly HandmadeFile[]; comment?: string } = {},
): Buffer {
  const offsets = new Map<HandmadeFile, number>()
  const locals: Buffer[] = []
  let length = 0
  for (const file of files) {
    const local = localFile(file)
    if (!offsets.has(file)) offsets.set(file, length)
    locals.push(local)
    length += local.length
  }
  const records = Buffer.concat(listed.map((file) => directoryRecord(file, file.offset ?? offsets.get(file) ?? 0)))
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(count ?? listed.length, 8)
  end.writeUInt16LE(count ?? listed.length, 10)
  end.writeUInt32LE(records.length, 12)
  end.writeUInt32LE(length, 16)
  end.writeUInt16LE(comment.length, 20)
  return Buffer.concat([...locals, records, end, Buffer.from(comment)])
}

/** A file of a zip with the header before it. */
export function localFile(file: HandmadeFile): Buffer {
  const name = bytesOf(file.localName ?? file.name)
  return Buffer.concat([signed(0x04034b50), factsOf(file), uint16(name.length), uint16(0), name, packedOf(file)])
}

function directoryRecord(file: HandmadeFile, offset: number): Buffer {
  const name = bytesOf(file.name)
  const place = Buffer.alloc(16)
  place.writeUInt32LE(offset, 12)
  return Buffer.concat([signed(0x02014b50), uint16(20), factsOf(file), uint16(name.length), place, name])
}

/** What both headers of a file have. */
function factsOf(file: HandmadeFile): Buffer {
  const data = Buffer.from(file.data ?? '')
  const facts = Buffer.alloc(22)
  facts.writeUInt16LE(20, 0)
  facts.writeUInt16LE(file.flags ?? 0, 2)
  facts.writeUInt16LE(file.method ?? 8, 4)
  facts.writeUInt32LE(file.sum ?? crc32(data), 10)
  facts.writeUInt32LE(file.packedBytes ?? packedOf(file).length, 14)
  facts.writeUInt32LE(file.sizeBytes ?? data.length, 18)
  return facts
}

function packedOf({ data = '', method = 8, packed }: HandmadeFile): Buffer {
  if (packed !== undefined) return packed
  return method === 8 ? deflateRawSync(Buffer.from(data)) : Buffer.from(data)
}

/** The headers of the files of an intact zip without 64-bit fields, as they stand in its central directory. */
export function zipFiles(zip: Buffer) {
  const end = zip.lastIndexOf(signed(0x06054b50))
  const files = []
  for (let at = zip.readUInt32LE(end + 16); at < end; ) {
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((field) => zip.readUInt16LE(at + field))
    const local = zip.readUInt32LE(at + 42)
    const dataStart = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28)
    const packed = zip.subarray(dataStart, dataStart + zip.readUInt32LE(at + 20))
    files.push({
      name: zip.toString('utf8', at + 46, at + 46 + (nameBytes ?? 0)),
      madeBy: zip.readUInt16LE(at + 4),
      needed: zip.readUInt16LE(at + 6),
      flags: zip.readUInt16LE(at + 8),
      method: zip.readUInt16LE(at + 10),
      time: zip.readUInt32LE(at + 12),
      sum: zip.readUInt32LE(at + 16),
      sizeBytes: zip.readUInt32LE(at + 24),
      extraBytes,
      commentBytes,
      attributes: zip.readUInt32LE(at + 38),
      localFlags: zip.readUInt16LE(local + 6),
      localSizes: [zip.readUInt32LE(local + 14), zip.readUInt32LE(local + 18), zip.readUInt32LE(local + 22)],
      data: inflateRawSync(packed),
    })
    at += 46 + (nameBytes ?? 0) + (extraBytes ?? 0) + (commentBytes ?? 0)
  }
  return files
}

function bytesOf(name: string | Buffer): Buffer {
  return typeof name === 'string' ? Buffer.from(name) : name
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16LE(value)
  return bytes
}

function signed(signature: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(signature)
  return bytes
}
