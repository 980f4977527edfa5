import type { Finding } from '../archive/finding.js'
import { JsonFields, readSealedJson } from '../archive/json-object.js'
import type { ArchiveStorage, StorageCallOptions } from '../storage/storage.js'
import { findingOf } from './findings.js'

/**
 * What is wrong with a small JSON object. `read` throws where a field is not what it must be; an object that is gone by
 * now is nobody's fault if `mayBeGone`.
 */
export async function verifyJson(
  storage: ArchiveStorage,
  key: string,
  read: (fields: JsonFields) => unknown,
  { signal }: StorageCallOptions,
): Promise<Finding[]> {
  try {
    const { value, sealed } = await readSealedJson(storage, key, { signal })
    read(new JsonFields(value, key))
    return sealed ? [] : [unsealed(key)]
  } catch (error) {
    return [findingOf(error, key)]
  }
}

function unsealed(key: string): Finding {
  return {
    kind: 'unverifiable',
    key,
    text: `${key} has no checksum, so that nobody can tell whether it is what was written`,
    hint: 'kafkeep writes one: compare the object with a replica, or look at it by hand',
  }
}
