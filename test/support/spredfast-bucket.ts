import { gzipSync } from 'node:zlib'
import type { ArchiveStorage } from 'kafkeep'

/** A file of the connector, built from its description and without any code of kafkeep's. */
export interface BuiltFile {
  readonly day?: string
  readonly topic?: string
  readonly partition?: number
  readonly first: number
  /** Values of the records of each chunk; keys are left out. */
  readonly chunks: readonly (readonly string[])[]
  /** Where its index is, if anywhere. @defaultValue in the folder of `day` */
  readonly index?: string | undefined
  /** What becomes of the index. */
  readonly editIndex?: (text: string) => string
}

/** The day on which files are uploaded if a test says nothing else. */
export const DAY = '2017-12-19'

/** Stores a file and its index. Answers the key of the file. */
export async function putFile(storage: ArchiveStorage, file: BuiltFile): Promise<string> {
  const { day = DAY, topic = 'orders', partition = 0, first, chunks, editIndex = (text: string) => text } = file
  const name = `${topic}-${String(partition).padStart(5, '0')}-${String(first).padStart(12, '0')}`
  const members = chunks.map((values) => gzipSync(Buffer.concat(values.map(framed))))
  await storage.put(`${day}/${name}.gz`, Buffer.concat(members))
  const indexDay = 'index' in file ? file.index : day
  if (indexDay !== undefined) {
    await storage.put(`${indexDay}/${name}.index.json`, Buffer.from(editIndex(indexOf(file, members))))
  }
  return `${day}/${name}.gz`
}

/** A value as a record without a key: its length in four bytes, big-endian, and its bytes. */
export function framed(value: string): Buffer {
  const length = Buffer.alloc(4)
  length.writeInt32BE(Buffer.byteLength(value))
  return Buffer.concat([length, Buffer.from(value)])
}

function indexOf({ first, chunks }: BuiltFile, members: readonly Buffer[]): string {
  let [bytes, records] = [0, 0]
  const described = members.map((member, place) => {
    const values = chunks[place] ?? []
    const chunk = {
      byte_length_uncompressed: Buffer.concat(values.map(framed)).length,
      num_records: values.length,
      byte_length: member.length,
      byte_offset: bytes,
      first_record_offset: first + records,
    }
    bytes += member.length
    records += values.length
    return chunk
  })
  return JSON.stringify({ chunks: described })
}

/** Values `from` to `next` (exclusive), each with its number in it. */
export function values(from: number, next: number): string[] {
  return Array.from({ length: next - from }, (_, index) => `value-${from + index}`)
}
