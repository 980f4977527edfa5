import { ForeignContentError, NotInArchiveError, UnsupportedFormatError } from '../errors.js'
import type { ArchiveStorage, StorageCallOptions } from '../storage/storage.js'
import { JsonFields, jsonBytes, readJson } from './json-object.js'
import { ARCHIVE_MARKER_KEY } from './names.js'

/** Version of the storage format that this library writes, and the newest that it reads. */
export const FORMAT_VERSION = 1

/**
 * Makes sure that the storage is an archive before something is written: an empty one becomes one.
 *
 * @throws {@link ForeignContentError} when the storage holds something else.
 * @throws {@link UnsupportedFormatError} when the archive was written by a newer kafkeep.
 */
export async function ensureArchive(storage: ArchiveStorage, { signal }: StorageCallOptions): Promise<void> {
  if (await isArchive(storage, { signal })) return
  for await (const { key } of storage.list('', { signal })) {
    // Another writer may have made the archive between the two looks.
    if (await isArchive(storage, { signal })) return
    throw new ForeignContentError(`the storage holds objects that are not a kafkeep archive, such as ${key}`, {
      hint: `give kafkeep a prefix of its own; if this is an archive that lost its ${ARCHIVE_MARKER_KEY}, put back ${JSON.stringify({ format: FORMAT_VERSION })}`,
    })
  }
  const marker = jsonBytes(ARCHIVE_MARKER_KEY, { format: FORMAT_VERSION })
  const { created } = await storage.put(ARCHIVE_MARKER_KEY, marker, { signal })
  // Another writer was first; it may know a newer format.
  if (!created) await isArchive(storage, { signal })
}

/**
 * Makes sure that the storage is an archive before something is read.
 *
 * @throws {@link NotInArchiveError} when it is not.
 * @throws {@link UnsupportedFormatError} when the archive was written by a newer kafkeep.
 */
export async function requireArchive(storage: ArchiveStorage, { signal }: StorageCallOptions): Promise<void> {
  if (await isArchive(storage, { signal })) return
  throw notAnArchive()
}

/** The error of whoever looks for an archive where there is none. */
export function notAnArchive(): NotInArchiveError {
  return new NotInArchiveError(`the storage holds no kafkeep archive: there is no ${ARCHIVE_MARKER_KEY}`, {
    hint: 'check the bucket and the prefix, or the directory',
  })
}

async function isArchive(storage: ArchiveStorage, { signal }: StorageCallOptions): Promise<boolean> {
  if ((await storage.head(ARCHIVE_MARKER_KEY, { signal })) === undefined) return false
  const fields = new JsonFields(await readJson(storage, ARCHIVE_MARKER_KEY, { signal }), ARCHIVE_MARKER_KEY)
  const format = fields.integer('format', 1)
  if (format > FORMAT_VERSION) {
    throw new UnsupportedFormatError(`the archive has format ${format}; this kafkeep knows ${FORMAT_VERSION}`, {
      hint: 'use a newer kafkeep',
    })
  }
  return true
}
