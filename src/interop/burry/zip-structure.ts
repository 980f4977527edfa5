/** Where a file lies in a zip, from its header up to the end of its data. */
export interface ZipPlace {
  readonly name: string
  readonly start: number
  readonly end: number
  /** Whether a few bytes about the data follow it. */
  readonly hasDescriptor: boolean
}

/** Sizes of a data descriptor: with and without a signature, with sizes of 32 and of 64 bits. */
const DESCRIPTOR_BYTES: readonly number[] = [12, 16, 20, 24]
const END_RECORD_BYTES = 22
const LOCATOR_BYTES = 20
const LOCATOR_SIGNATURE = 0x07064b50

/**
 * Where the central directory of a zip begins; `undefined` unless its records, of `directoryBytes`, are all that lies
 * between there and its end. Otherwise it has records that were not read, because a count in the zip is wrong.
 */
export function checkDirectory(bytes: Buffer, commentBytes: number, directoryBytes: number): number | undefined {
  const record = bytes.length - commentBytes - END_RECORD_BYTES
  const locator = record - LOCATOR_BYTES
  const isZip64 = locator >= 0 && bytes.readUInt32LE(locator) === LOCATOR_SIGNATURE
  const end = isZip64 ? Number(bytes.readBigUInt64LE(locator + 8)) : record
  const start = isZip64 ? Number(bytes.readBigUInt64LE(end + 48)) : bytes.readUInt32LE(record + 16)
  return start + directoryBytes === end ? start : undefined
}

/**
 * What is wrong with the places of files, if anything: they follow one another from the beginning of the zip to its
 * central directory. Where two overlap, a small zip could become a huge one; what lies between two is a lost file.
 */
export function checkPlaces(places: readonly ZipPlace[], directoryStart: number | undefined): string | undefined {
  if (directoryStart === undefined) return 'its central directory has not the size it says'
  let before: ZipPlace | undefined
  const directory = { name: 'the central directory', start: directoryStart, end: 0, hasDescriptor: false }
  for (const place of [...places].sort((one, other) => one.start - other.start).concat(directory)) {
    const gap = place.start - (before?.end ?? 0)
    if (gap < 0) return `${JSON.stringify(place.name)} lies in another file`
    const fits = before?.hasDescriptor === true ? DESCRIPTOR_BYTES.includes(gap) : gap === 0
    if (!fits) return `${gap} bytes before ${JSON.stringify(place.name)} belong to no file`
    before = place
  }
  return undefined
}

const FILE_SIGNATURE = 0x04034b50
const FILE_HEADER_BYTES = 30
/** So many bytes of a zip tell its first name, whatever it is. */
export const FIRST_NAME_BYTES = FILE_HEADER_BYTES + 0xffff

/** Name of the first file of a zip, from the zip's first bytes; `undefined` when they are those of no zip. */
export function firstName(bytes: Buffer): string | undefined {
  if (bytes.length < FILE_HEADER_BYTES || bytes.readUInt32LE(0) !== FILE_SIGNATURE) return undefined
  return bytes.toString('utf8', FILE_HEADER_BYTES, FILE_HEADER_BYTES + bytes.readUInt16LE(26))
}
