import { join } from 'node:path'
import { isObjectKey } from './object-key.js'

// How keys become names in a directory. Some file systems fold case or normalise Unicode, some refuse characters,
// words or more than 143 bytes, and none can have a file and a folder of one name. So names are made of lower-case
// ASCII only, files always have a dot and folders never do:
//
//   A to Z            `!` and the lower-case letter
//   a-z 0-9 . _ -     as they are
//   every other byte  `%` and two hex digits; so is the dot in folders, and the first and the last one of a file
//   a file without a dot        `.!` at the end
//   con, nul, com1 and the like their first letter in hex: Windows keeps these words for devices
//   more than 140 characters    pieces: `%` ends each folder that is not the last piece, `+` begins each further piece

type NodeKind = 'file' | 'folder'

const PIECES = /.{1,138}/g
const NO_DOT = '.!'
const GOES_ON = '%'
const FURTHER = '+'
const WINDOWS_DEVICE = /^(?:con|prn|aux|nul|com\d|lpt\d)(?![^.])/

/** Where the object `key` lies below the directory of a storage. */
export function filePath(directory: string, key: string): string {
  const slash = key.lastIndexOf('/')
  return join(folderPath(directory, key.slice(0, slash + 1)), ...namesOf(key.slice(slash + 1), 'file'))
}

/** Where what begins with `prefix` lies; `prefix` is empty or ends in `/`. */
export function folderPath(directory: string, prefix: string): string {
  const segments = prefix.split('/').slice(0, -1)
  return join(directory, ...segments.flatMap((segment) => namesOf(segment, 'folder')))
}

/** The file system's names for one segment of a key, the outermost folder first. */
export function namesOf(segment: string, kind: NodeKind): readonly string[] {
  const pieces = escapeSegment(segment, kind).match(PIECES) ?? []
  return pieces.map((piece, index) => {
    const isLast = index === pieces.length - 1
    return `${index === 0 ? '' : FURTHER}${piece}${isLast ? '' : GOES_ON}`
  })
}

/** The segment that `names` stand for; `undefined` when they are not what {@link namesOf} makes: somebody else's. */
export function segmentOf(names: readonly string[], kind: NodeKind): string | undefined {
  const escaped = names.map((name, index) => {
    const end = index < names.length - 1 ? -GOES_ON.length : undefined
    return name.slice(index === 0 ? 0 : FURTHER.length, end)
  })
  const segment = unescapeSegment(escaped.join(''))
  const isOurs = isObjectKey(segment) && !segment.includes('/')
  return isOurs && namesOf(segment, kind).join('/') === names.join('/') ? segment : undefined
}

/** Whether the folder `name` holds further pieces of a long segment. */
export function goesOn(name: string): boolean {
  return name.endsWith(GOES_ON)
}

function escapeSegment(segment: string, kind: NodeKind): string {
  const plain = segment.replace(/[^a-z0-9._-]/gu, escapeCharacter).replace(WINDOWS_DEVICE, hexFirst)
  if (kind === 'folder') return plain.replaceAll('.', '%2e')
  const escaped = plain.replace(/^\.|\.$/g, '%2e')
  return escaped.includes('.') ? escaped : escaped + NO_DOT
}

function unescapeSegment(escaped: string): string {
  const plain = escaped.endsWith(NO_DOT) ? escaped.slice(0, -NO_DOT.length) : escaped
  const bytes = plain.replace(/!([a-z])|%([0-9a-f]{2})/g, (_, letter: string | undefined, hex: string) => {
    return letter === undefined ? String.fromCharCode(Number.parseInt(hex, 16)) : letter.toUpperCase()
  })
  return Buffer.from(bytes, 'latin1').toString('utf8')
}

function escapeCharacter(character: string): string {
  if (character >= 'A' && character <= 'Z') return `!${character.toLowerCase()}`
  return Buffer.from(character).toString('hex').replace(/../g, '%$&')
}

function hexFirst(name: string): string {
  return escapeCharacter(name.slice(0, 1)) + name.slice(1)
}
