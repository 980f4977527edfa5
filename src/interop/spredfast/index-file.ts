/** A chunk as the index of its file describes it. */
export interface IndexedChunk {
  /** Size of what it holds, in bytes. */
  readonly contentBytes: number
  readonly records: number
  /** Size in the file, in bytes. */
  readonly sizeBytes: number
}

/**
 * The text of an index, exactly as the connector writes it: its source refuses fields that it does not know. Offsets
 * are counted from that of the first record, whatever gaps there are.
 */
export function indexText(first: bigint, chunks: readonly IndexedChunk[]): string {
  let byteOffset = 0
  let offset = first
  const described = chunks.map(({ contentBytes, records, sizeBytes }) => {
    const text = `{"byte_length_uncompressed":${contentBytes},"num_records":${records},"byte_length":${sizeBytes},"byte_offset":${byteOffset},"first_record_offset":${offset}}`
    byteOffset += sizeBytes
    offset += BigInt(records)
    return text
  })
  return `{"chunks":[${described.join(',')}]}`
}

/**
 * How many records a file has by its index; `undefined` when the index is not one, or is of another file: what is
 * uploaded again under the same name may be longer than before.
 */
export function recordsInIndex(
  text: string,
  file: { readonly first: bigint; readonly sizeBytes: number },
): number | undefined {
  const chunks = chunksOf(text)
  let [records, bytes] = [0, 0]
  for (const { num_records, byte_length, byte_offset, first_record_offset } of chunks ?? []) {
    const numbers = [num_records, byte_length, byte_offset, first_record_offset]
    if (!numbers.every((number) => Number.isSafeInteger(number) && number >= 0)) return undefined
    if (byte_offset !== bytes || BigInt(first_record_offset) !== file.first + BigInt(records)) return undefined
    records += num_records
    bytes += byte_length
  }
  return chunks === undefined || bytes !== file.sizeBytes ? undefined : records
}

interface ChunkJson {
  readonly num_records: number
  readonly byte_length: number
  readonly byte_offset: number
  readonly first_record_offset: number
}

function chunksOf(text: string): readonly ChunkJson[] | undefined {
  try {
    const { chunks } = JSON.parse(text)
    return Array.isArray(chunks) && chunks.every((chunk) => typeof chunk === 'object' && chunk !== null)
      ? chunks
      : undefined
  } catch {
    return undefined
  }
}
