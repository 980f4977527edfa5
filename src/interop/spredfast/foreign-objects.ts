import { crc32c } from '@node-rs/crc32'
import { FORMAT_VERSION } from '../../archive/archive-marker.js'
import { checkpointKey } from '../../archive/checkpoint.js'
import { instantId } from '../../archive/instant-id.js'
import { jsonBytes } from '../../archive/json-object.js'
import {
  ARCHIVE_MARKER_KEY,
  CHECKPOINTS_PREFIX,
  crcHex,
  incarnationPrefix,
  parsePartitionOf,
  partitionPrefix,
  SPREDFAST_TOPIC_ID,
  topicKey,
} from '../../archive/names.js'
import { larger } from '../../internal/bigint.js'
import { mapConcurrently } from '../../internal/map-concurrently.js'
import { nextPrefix } from '../../storage/object-key.js'
import type { ObjectInfo, StorageCallOptions } from '../../storage/storage.js'
import { type Bucket, type DataFile, surveyBucket } from './bucket.js'
import { checkOverlap } from './check-overlap.js'
import { type CountContext, RecordCounts } from './count-records.js'
import { overlapsIn, type PlacedFile, placed, type ShownObject, shownObjects } from './foreign-log.js'

/** All that was uploaded up to the end of a day, as a state to go back to. */
interface DayCheckpoint {
  readonly day: string
  readonly takenMs: number
  readonly key: string
}

/** Stands for the id of the cluster, which the connector does not keep. */
const UNKNOWN_CLUSTER = 'unknown'
const COUNTS_AT_ONCE = 32

/** A partition as its files are, and as they are shown. */
interface ShownLog {
  readonly files: readonly PlacedFile[]
  readonly objects: ReadonlyMap<string, ShownObject>
}

/** What {@link ForeignObjects} works with. */
export interface ForeignContext extends CountContext {
  /** What the connector's keys begin with; a folder, or empty. */
  readonly prefix: string
  /** When kafkeep itself took its first checkpoint here, in epoch milliseconds, if it did. */
  firstCheckpointMs(call: StorageCallOptions): Promise<number | undefined>
}

/** What the connector has stored, under kafkeep's own names: nothing of it is ever written. */
export class ForeignObjects {
  readonly #context: ForeignContext
  readonly #counts: RecordCounts
  #bucket: Bucket | undefined
  readonly #logs = new Map<string, ShownLog>()

  constructor(context: ForeignContext) {
    this.#context = context
    this.#counts = new RecordCounts(context)
  }

  /** Has the bucket listed anew when it is needed next. */
  refresh(): void {
    this.#bucket = undefined
    this.#logs.clear()
  }

  /** The objects whose keys begin with `prefix`. */
  async list(prefix: string, call: StorageCallOptions): Promise<ObjectInfo[]> {
    const { topics } = await this.#survey(call)
    if (topics.size === 0) return []
    const infos: ObjectInfo[] = []
    if (touches(ARCHIVE_MARKER_KEY, prefix)) infos.push(infoOf(ARCHIVE_MARKER_KEY))
    if (touches(CHECKPOINTS_PREFIX, prefix)) {
      for (const { key } of await this.#checkpoints(call)) infos.push(infoOf(key))
    }
    for (const topic of topics.keys()) {
      for (const info of await this.#listTopic(topic, prefix, call)) infos.push(info)
    }
    return infos.filter(({ key }) => key.startsWith(prefix))
  }

  /** The folders right below `prefix`. */
  async folders(prefix: string, call: StorageCallOptions): Promise<string[]> {
    const { topics } = await this.#survey(call)
    const paths = [...topics].flatMap(([topic, partitions]) =>
      [...partitions.keys()].map((partition) => `${partitionPrefix({ ...identityOf(topic), partition })}g1/`),
    )
    if (topics.size > 0) paths.push(CHECKPOINTS_PREFIX)
    const folders = paths.map((path) => (path.startsWith(prefix) ? nextPrefix(path, prefix) : undefined))
    return [...new Set(folders.filter((folder) => folder !== undefined))]
  }

  /** What is shown under a key: bytes, or a file as it is; `undefined` for a key of nothing. */
  async find(key: string, call: StorageCallOptions): Promise<Buffer | DataFile | undefined> {
    const { topics } = await this.#survey(call)
    if (topics.size === 0) return undefined
    if (key === ARCHIVE_MARKER_KEY) return jsonBytes(key, { format: FORMAT_VERSION })
    if (key.startsWith(CHECKPOINTS_PREFIX)) {
      const checkpoint = (await this.#checkpoints(call)).find((known) => known.key === key)
      return checkpoint && this.#checkpoint(checkpoint, call)
    }
    const described = [...topics.keys()].find((topic) => topicKey(identityOf(topic)) === key)
    if (described !== undefined) return this.#description(described, call)
    const { topic, topicId, partition } = parsePartitionOf(key) ?? {}
    if (topic === undefined || topicId !== SPREDFAST_TOPIC_ID || partition === undefined) return undefined
    const shown = (await this.#log(topic, partition, call)).objects.get(key)
    return shown && (shown.file ?? Buffer.alloc(0))
  }

  async #listTopic(topic: string, prefix: string, call: StorageCallOptions): Promise<ObjectInfo[]> {
    if (!touches(incarnationPrefix(identityOf(topic)), prefix)) return []
    const { topics } = await this.#survey(call)
    const infos = [infoOf(topicKey(identityOf(topic)))]
    for (const partition of topics.get(topic)?.keys() ?? []) {
      if (!touches(partitionPrefix({ ...identityOf(topic), partition }), prefix)) continue
      for (const { info } of (await this.#log(topic, partition, call)).objects.values()) infos.push(info)
    }
    return infos
  }

  async #log(topic: string, partition: number, call: StorageCallOptions): Promise<ShownLog> {
    const identity = { ...identityOf(topic), partition }
    const name = partitionPrefix(identity)
    const known = this.#logs.get(name)
    if (known !== undefined) return known
    const { topics, indexes } = await this.#survey(call)
    const files = topics.get(topic)?.get(partition) ?? []
    const counted = await mapConcurrently(files, COUNTS_AT_ONCE, async (file) => ({
      ...file,
      ...(await this.#counts.of(file, indexes, call)),
    }))
    const placedFiles = placed(counted)
    for (const overlap of overlapsIn(placedFiles)) await checkOverlap(overlap, this.#context, call)
    const shown = shownObjects(identity, placedFiles)
    const log = { files: placedFiles, objects: new Map(shown.map((object) => [object.info.key, object])) }
    this.#logs.set(name, log)
    return log
  }

  async #description(topic: string, call: StorageCallOptions): Promise<Buffer> {
    const partitions = (await this.#survey(call)).topics.get(topic) ?? new Map<number, readonly DataFile[]>()
    const days = [...partitions.values()].flat().map(({ day }) => day)
    const firstSeenMs = Date.parse(`${days.reduce((first, day) => (day < first ? day : first))}T00:00:00Z`)
    const facts = { firstSeenMs, clusterId: UNKNOWN_CLUSTER, partitions: countOf(partitions) }
    return jsonBytes(topicKey(identityOf(topic)), { format: FORMAT_VERSION, ...identityOf(topic), ...facts })
  }

  async #checkpoint({ key, day, takenMs }: DayCheckpoint, call: StorageCallOptions): Promise<Buffer> {
    const { topics } = await this.#survey(call)
    const described = []
    for (const [topic, archived] of topics) {
      const partitions = []
      for (let partition = 0; partition < countOf(archived); partition++) {
        const files = (await this.#log(topic, partition, call)).files.filter(({ file }) => file.day <= day)
        const from = files[0]?.from ?? 0n
        partitions.push({
          partition,
          generation: 1,
          from,
          next: files.reduce((end, { next }) => larger(end, next), from),
        })
      }
      if (partitions.some(({ from, next }) => from < next)) {
        described.push({ ...identityOf(topic), replicationFactor: 1, configs: [], partitions })
      }
    }
    const facts = { takenMs, clusterId: UNKNOWN_CLUSTER, topics: described, groups: [] }
    return jsonBytes(key, { format: FORMAT_VERSION, ...facts })
  }

  /** There is one a day, of its end; none is newer than those that kafkeep itself has taken. */
  async #checkpoints(call: StorageCallOptions): Promise<DayCheckpoint[]> {
    const { days } = await this.#survey(call)
    const latestMs = (await this.#context.firstCheckpointMs(call)) ?? Number.POSITIVE_INFINITY
    return days.map((day) => {
      const takenMs = Math.min(Date.parse(`${day}T23:59:59.999Z`), latestMs - 1)
      return { day, takenMs, key: checkpointKey(instantId(takenMs, crcHex(crc32c(day)))) }
    })
  }

  async #survey(call: StorageCallOptions): Promise<Bucket> {
    this.#bucket ??= await surveyBucket(this.#context.storage, this.#context.prefix, call)
    return this.#bucket
  }
}

/** How many partitions a topic must have had. */
function countOf(partitions: ReadonlyMap<number, unknown>): number {
  let count = 0
  for (const partition of partitions.keys()) count = Math.max(count, partition + 1)
  return count
}

function identityOf(topic: string) {
  return { topic, topicId: SPREDFAST_TOPIC_ID }
}

/** Objects that are made when they are read: nobody knows their size before. */
function infoOf(key: string): ObjectInfo {
  return { key, sizeBytes: 0, modifiedMs: 0 }
}

/** Whether keys that begin with one may begin with the other as well. */
function touches(one: string, other: string): boolean {
  return one.startsWith(other) || other.startsWith(one)
}
