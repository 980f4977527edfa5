/** Longest key, in UTF-8 bytes: S3's 1,024 less some room for a prefix. */
const MAX_KEY_BYTES = 900

// The last two are the characters besides the control ones that a listing in XML cannot carry.
const FORBIDDEN = /[\p{Cc}\uFFFE\uFFFF]/u
const LONE_SURROGATE = /\p{Surrogate}/u

/** Throws a `TypeError` unless `key` is a key that every storage takes. */
export function checkObjectKey(key: string): void {
  const fault = keyFault(key)
  if (fault !== undefined) throw new TypeError(`an object key must ${fault}, got ${shown(key)}`)
}

/** Whether `key` is a key that every storage takes. Listings skip what is not: no storage of ours has written it. */
export function isObjectKey(key: string): boolean {
  return keyFault(key) === undefined
}

/** Throws a `TypeError` unless object keys may begin with `prefix`, or sort after it. */
export function checkKeyPrefix(prefix: string): void {
  // Whatever comes after the last `/` may go on, so it is no segment yet: `a/.` is the beginning of `a/.b`.
  const fault = textFault(prefix) ?? segmentFault(`${prefix}-`)
  if (fault !== undefined) throw new TypeError(`a key prefix must ${fault}, got ${shown(prefix)}`)
}

/** Returns `folder` with one `/` at its end, after checking that keys may be put below it. */
export function folderPrefix(name: string, folder: string): string {
  const path = typeof folder === 'string' && folder.endsWith('/') ? folder.slice(0, -1) : folder
  const fault = keyFault(path)
  if (fault === undefined) return `${path}/`
  throw new TypeError(`\`${name}\` must ${fault}, got ${shown(folder)}`)
}

/** The prefix of `key` that ends with the first `/` after `prefix`; `undefined` when there is none. */
export function nextPrefix(key: string, prefix: string): string | undefined {
  const slash = key.indexOf('/', prefix.length)
  return slash === -1 ? undefined : key.slice(0, slash + 1)
}

function keyFault(key: string): string | undefined {
  if (key === '') return 'be a string that is not empty'
  return textFault(key) ?? segmentFault(key) ?? lengthFault(key)
}

function textFault(text: string): string | undefined {
  if (typeof text !== 'string') return 'be a string'
  if (LONE_SURROGATE.test(text)) return 'be well-formed Unicode'
  return FORBIDDEN.test(text) ? 'have no control characters' : undefined
}

function segmentFault(key: string): string | undefined {
  const isOdd = key.split('/').some((segment) => segment === '' || segment === '.' || segment === '..')
  return isOdd ? "have no segment that is empty, '.' or '..'" : undefined
}

function lengthFault(key: string): string | undefined {
  return Buffer.byteLength(key) > MAX_KEY_BYTES ? `have at most ${MAX_KEY_BYTES} bytes in UTF-8` : undefined
}

function shown(key: unknown): string {
  return typeof key === 'string' ? JSON.stringify(key) : String(key)
}
