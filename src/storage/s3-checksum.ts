/** CRC32C as S3 writes it: base64 of the four bytes, the highest first. */
export function encodeChecksum(crc32c: number): string {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(crc32c)
  return bytes.toString('base64')
}

/**
 * The CRC32C of a whole object from the answer to a HEAD; `undefined` where S3 has none, or only one that is composed
 * of those of the parts (type `COMPOSITE`, or a dash and the number of parts in stores that give no type).
 */
export function decodeChecksum(checksum: string | undefined, type: string | undefined): number | undefined {
  const isWhole = type === undefined || type === 'FULL_OBJECT'
  if (!isWhole || checksum === undefined || !/^[A-Za-z0-9+/]{6}==$/.test(checksum)) return undefined
  return Buffer.from(checksum, 'base64').readUInt32BE()
}
