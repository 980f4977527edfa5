import { checkpointKey, parseCheckpoint } from '../archive/checkpoint.js'
import type { Finding } from '../archive/finding.js'
import { instantOf } from '../archive/instant-id.js'
import type { JsonFields } from '../archive/json-object.js'
import type { NamedStates } from '../archive/named-states.js'
import { CHECKPOINTS_PREFIX } from '../archive/names.js'
import { selects, type TopicFilter } from '../internal/topic-filter.js'
import type { ArchiveStorage, StorageCallOptions } from '../storage/storage.js'
import { foreign } from './foreign.js'
import { verifyJson } from './verify-json.js'

/** Reads every checkpoint. What they name goes to `states`. */
export async function* verifyCheckpoints(
  storage: ArchiveStorage,
  states: NamedStates,
  { topics, signal }: StorageCallOptions & { readonly topics: TopicFilter | undefined },
): AsyncGenerator<Finding, void, void> {
  for await (const { key } of storage.list(CHECKPOINTS_PREFIX, { signal })) {
    const id = key.slice(CHECKPOINTS_PREFIX.length).replace(/\.json$/, '')
    if (checkpointKey(id) !== key || instantOf(id) === undefined) {
      yield foreign(key)
      continue
    }
    const take = (fields: JsonFields) => {
      const named = parseCheckpoint(fields).topics.filter(({ topic }) => selects(topics, topic))
      states.add(key, named)
    }
    const findings = await verifyJson(storage, key, take, { signal })
    const gone = findings.some(({ kind }) => kind === 'missing') && (await storage.head(key, { signal })) === undefined
    // One that was pruned after it was listed is no finding.
    if (!gone) yield* findings
  }
}
