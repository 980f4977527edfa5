import type { ArchiveStorage, StorageCallOptions } from '../storage/storage.js'
import { FORMAT_VERSION } from './archive-marker.js'
import { JsonFields, jsonBytes, readJson } from './json-object.js'
import { generationKey, type PartitionIdentity } from './names.js'

/** Where and why a generation of a partition's log began. */
export interface GenerationStart {
  readonly generation: number
  /** First offset at which the log on the broker is not the one that older generations hold. */
  readonly cut: bigint
  /** Where the older generation ended. */
  readonly archivedNext: bigint
  readonly takenMs: number
}

/** Begins a generation. Of several writers the first one decides; all are told what it decided. */
export async function beginGeneration(
  storage: ArchiveStorage,
  partition: PartitionIdentity,
  start: GenerationStart,
  { signal }: StorageCallOptions,
): Promise<bigint> {
  const key = generationKey(partition, start.generation)
  const { created } = await storage.put(key, jsonBytes(key, { format: FORMAT_VERSION, ...start }), { signal })
  return created ? start.cut : readCut(storage, partition, start.generation, { signal })
}

/** Where a generation begins. */
export async function readCut(
  storage: ArchiveStorage,
  partition: PartitionIdentity,
  generation: number,
  { signal }: StorageCallOptions,
): Promise<bigint> {
  const key = generationKey(partition, generation)
  return parseCut(new JsonFields(await readJson(storage, key, { signal }), key))
}

/** Where a generation begins, as its JSON says. */
export function parseCut(fields: JsonFields): bigint {
  return fields.bigint('cut', 0n)
}
