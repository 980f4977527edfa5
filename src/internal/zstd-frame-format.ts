/** The parts of a zstd frame that tell how long it is. Source: https://www.rfc-editor.org/rfc/rfc8878, section 3.1. */

/** The first four bytes of a frame, little-endian. */
export const ZSTD_MAGIC = 0xfd2fb528
/** Bytes before each block. */
export const ZSTD_BLOCK_HEADER_BYTES = 3

const DESCRIPTOR = { dictionaryId: 0x03, checksum: 0x04, singleSegment: 0x20 } as const
const CHECKSUM_BYTES = 4
const RLE_BLOCK = 1

/** Bytes of a frame's header behind its descriptor: window, dictionary and content size, each where it is there. */
export function zstdHeaderRestBytes(descriptor: number): number {
  const singleSegment = (descriptor & DESCRIPTOR.singleSegment) !== 0
  const dictionaryIdBytes = [0, 1, 2, 4][descriptor & DESCRIPTOR.dictionaryId] ?? 0
  const contentSizeBytes = [singleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0
  return (singleSegment ? 0 : 1) + dictionaryIdBytes + contentSizeBytes
}

/** Bytes behind a frame's last block. */
export function zstdChecksumBytes(descriptor: number): number {
  return (descriptor & DESCRIPTOR.checksum) === 0 ? 0 : CHECKSUM_BYTES
}

/** What the header of a block says: whether it is the frame's last one, and how many bytes follow. */
export function zstdBlock(header: number): { readonly last: boolean; readonly bytes: number } {
  return { last: (header & 1) === 1, bytes: ((header >> 1) & 0x03) === RLE_BLOCK ? 1 : header >> 3 }
}
