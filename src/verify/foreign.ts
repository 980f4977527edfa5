import type { Finding } from '../archive/finding.js'
import {
  ARCHIVE_MARKER_KEY,
  CHECKPOINTS_PREFIX,
  RESTORES_PREFIX,
  TOPICS_PREFIX,
  ZNODES_PREFIX,
} from '../archive/names.js'
import type { ArchiveStorage, ObjectInfo, StorageCallOptions } from '../storage/storage.js'

/** What is said of an object that kafkeep has not written, or that has lost its name. */
export function foreign(key: string): Finding {
  return {
    kind: 'foreign',
    key,
    text: `${key} has no name that kafkeep gives`,
    hint: 'kafkeep never reads it: remove it, or give it back its name if it was renamed',
  }
}

/** Where an archive keeps what. */
const FOLDERS = [CHECKPOINTS_PREFIX, RESTORES_PREFIX, TOPICS_PREFIX, ZNODES_PREFIX]
/** Nothing in a folder sorts behind it. */
const LAST_CHARACTER = '\u{10FFFF}'

/** Objects outside of everything that an archive has. What is inside is not listed. */
export async function* foreignObjects(
  storage: ArchiveStorage,
  { signal }: StorageCallOptions,
): AsyncGenerator<Finding, void, void> {
  const sectionOf = (key: string) => FOLDERS.find((folder) => key.startsWith(folder))
  for await (const key of objectsBeside(storage, '', sectionOf, { signal })) {
    if (key !== ARCHIVE_MARKER_KEY) yield foreign(key)
  }
  const topicOf = (key: string) => {
    const end = key.indexOf('/', TOPICS_PREFIX.length)
    return end < 0 ? undefined : key.slice(0, end + 1)
  }
  for await (const key of objectsBeside(storage, TOPICS_PREFIX, topicOf, { signal })) yield foreign(key)
}

/** The objects that are in none of the folders that `folderOf` tells. Those are not listed, however large they are. */
async function* objectsBeside(
  storage: ArchiveStorage,
  prefix: string,
  folderOf: (key: string) => string | undefined,
  { signal }: StorageCallOptions,
): AsyncGenerator<string, void, void> {
  let startAfter: string | undefined = ''
  while (startAfter !== undefined) {
    const listing: AsyncIterable<ObjectInfo> = storage.list(
      prefix,
      startAfter === '' ? { signal } : { startAfter, signal },
    )
    startAfter = undefined
    for await (const { key } of listing) {
      const folder = folderOf(key)
      if (folder === undefined) {
        yield key
        continue
      }
      startAfter = `${folder}${LAST_CHARACTER}`
      break
    }
  }
}
