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

/** Makes a zip as the format says, but for what is replaced. */
export function handmadeZip(
  files: readonly HandmadeFile[],
  { count, listed = files, comment = '' }: { count?: number; listed?: readonly HandmadeFile[]; comment?: string } = {},
): Buffer {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const file of files) {
    const { name, localName = name, method = 8, flags = 0 } = file
    const data = Buffer.from(file.data ?? '')
    const packed = file.packed ?? (method === 8 ? deflateRawSync(data) : data)
    const facts = Buffer.alloc(10)
    facts.writeUInt16LE(20, 0)
    facts.writeUInt16LE(flags, 2)
    facts.writeUInt16LE(method, 4)
    const sizes = Buffer.alloc(12)
    sizes.writeUInt32LE(file.sum ?? crc32(data), 0)
    sizes.writeUInt32LE(file.packedBytes ?? packed.length, 4)
    sizes.writeUInt32LE(file.sizeBytes ?? data.length, 8)
    const start = offset
    const local = [signed(0x04034b50), facts, sizes, uint16(bytesOf(localName).length), uint16(0)]
    for (const part of [...local, bytesOf(localName), packed]) {
      parts.push(part)
      offset += part.length
    }
    if (!listed.includes(file)) continue
    const place = Buffer.alloc(4)
    place.writeUInt32LE(file.offset ?? start)
    const entry = [signed(0x02014b50), uint16(20), facts, sizes, uint16(bytesOf(name).length)]
    directory.push(...entry, Buffer.alloc(12), place, bytesOf(name))
  }
  const records = Buffer.concat(directory)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(count ?? listed.length, 8)
  end.writeUInt16LE(count ?? listed.length, 10)
  end.writeUInt32LE(records.length, 12)
  end.writeUInt32LE(offset, 16)
  end.writeUInt16LE(comment.length, 20)
  return Buffer.concat([...parts, records, end, Buffer.from(comment)])
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
