import { archivedTopics } from '../archive/archive-folders.js'
import { FORMAT_VERSION, notAnArchive } from '../archive/archive-marker.js'
import { BRING_BACK, type Finding } from '../archive/finding.js'
import { parseCut } from '../archive/generation.js'
import { NamedStates } from '../archive/named-states.js'
import {
  ARCHIVE_MARKER_KEY,
  generationKey,
  type PartitionIdentity,
  parsePartitionOf,
  parseTopicKey,
  partitionPrefix,
  RESTORES_PREFIX,
  TOPICS_PREFIX,
  topicKey,
} from '../archive/names.js'
import { listPartition, logOf, objectsOf, type PartitionLog, type SegmentInfo } from '../archive/partition-log.js'
import type { SegmentSource } from '../archive/read-segment.js'
import { parseTopicDescription } from '../archive/topic-description.js'
import { ArchiveCorruptError, NotInArchiveError, ObjectNotFoundError } from '../errors.js'
import { merge } from '../internal/merge.js'
import { missingNames, selects } from '../internal/topic-filter.js'
import { WorkDone } from '../progress.js'
import type { ObjectInfo } from '../storage/storage.js'
import { compareSegments } from './compare-segments.js'
import { findingOf } from './findings.js'
import { foreign, foreignObjects } from './foreign.js'
import { verifyCheckpoints } from './verify-checkpoints.js'
import { verifyJson } from './verify-json.js'
import type { VerifyJob } from './verify-options.js'
import { findingsInLog, findingsInNames, overlapping } from './verify-partition.js'
import { askStore, isReadable, readBytes, readDeeply } from './verify-segment.js'

/** Something to look at, which finds what it finds. */
type Step = () => Promise<readonly Finding[]>

/** Objects that are looked at side by side. */
const STEPS_AT_ONCE = 8

/** Everything in an archive that is not as it must be, as it is found. */
export async function* verifyArchive(source: SegmentSource, job: VerifyJob): AsyncGenerator<Finding, void, void> {
  const verification = new Verification(source, job)
  const steps = verification.steps()
  try {
    yield* merge(Array.from({ length: STEPS_AT_ONCE }, () => results(steps)))
  } finally {
    await steps.return()
  }
  yield* verification.remarks()
}

async function* results(steps: AsyncGenerator<Step, void, void>): AsyncGenerator<Finding, void, void> {
  for (let next = await steps.next(); next.done !== true; next = await steps.next()) yield* await next.value()
}

class Verification {
  readonly #source: SegmentSource
  readonly #job: VerifyJob
  readonly #states = new NamedStates()
  readonly #described = new Set<string>()
  readonly #incarnations = new Set<string>()
  readonly #progress: WorkDone
  /** Segments of which the store has no checksum, and of how many it was asked. */
  #unknown = 0
  #asked = 0
  /** Segments that no codec reads, by extension. */
  readonly #unreadable = new Map<string, { segments: number; readonly key: string }>()

  constructor(source: SegmentSource, job: VerifyJob) {
    this.#source = source
    this.#job = job
    this.#progress = new WorkDone(job.onProgress)
  }

  /** All there is to look at. Checkpoints come first: what they name was stored before them. */
  async *steps(): AsyncGenerator<Step, void, void> {
    const { storage } = this.#source
    const { topics, signal } = this.#job
    yield* found(await this.#marker())
    for await (const finding of verifyCheckpoints(storage, this.#states, { topics, signal })) yield* found([finding])
    const there = new Set([...this.#states.topics].map(({ topic }) => topic))
    for await (const topic of archivedTopics(storage, { signal })) {
      there.add(topic)
      if (selects(topics, topic)) yield* this.#topicSteps(topic)
    }
    const [unknown] = missingNames(topics, [...there])
    if (unknown !== undefined) throw new NotInArchiveError(`the archive has no topic ${unknown}`)
    for (const partition of this.#states.left) yield () => this.#nothingOf(partition)
    yield* found(this.#undescribed())
    if (topics !== undefined) return
    for await (const finding of foreignObjects(storage, { signal })) yield* found([finding])
    for await (const { key } of storage.list(RESTORES_PREFIX, { signal })) {
      yield () => verifyJson(storage, key, () => {}, { signal })
    }
  }

  /** What is said once, not for each object. */
  *remarks(): Generator<Finding, void, void> {
    this.#progress.finish()
    if (this.#unknown > 0) {
      const text = `the store has no CRC32C of ${this.#unknown} of the ${this.#asked} segments that it was asked about`
      yield { kind: 'unverifiable', text, hint: 'read them: `deep`, or a `sample` of them each time' }
    }
    for (const [extension, { segments, key }] of this.#unreadable) {
      const text = `no codec is known for ${segments} segments that end in ${extension}, such as ${key}`
      yield { kind: 'unverifiable', key, text, hint: 'pass the codec that wrote them in `codecs`' }
    }
  }

  async #marker(): Promise<readonly Finding[]> {
    const { storage } = this.#source
    const { signal } = this.#job
    const findings = await verifyJson(
      storage,
      ARCHIVE_MARKER_KEY,
      (fields) => {
        const format = fields.integer('format', 1)
        if (format === FORMAT_VERSION) return
        throw new ArchiveCorruptError(`${ARCHIVE_MARKER_KEY} has format ${format}, which this kafkeep does not know`)
      },
      { signal },
    )
    if (findings.some(({ kind }) => kind === 'missing')) {
      for await (const _ of storage.list('', { signal })) {
        const hint = `put back ${JSON.stringify({ format: FORMAT_VERSION })}, if this is an archive`
        return findings.map((finding) => ({ ...finding, hint }))
      }
      throw notAnArchive()
    }
    return findings
  }

  async *#topicSteps(topic: string): AsyncGenerator<Step, void, void> {
    const { storage } = this.#source
    const { signal } = this.#job
    let partition: PartitionIdentity | undefined
    let objects: ObjectInfo[] = []
    for await (const info of storage.list(`${TOPICS_PREFIX}${topic}/`, { signal })) {
      const place = parsePartitionOf(info.key)
      if (partition !== undefined && !info.key.startsWith(partitionPrefix(partition))) {
        yield* this.#partitionSteps(partition, objects)
        objects = []
      }
      partition = place
      if (place !== undefined) this.#incarnations.add(topicKey(place))
      if (parseTopicKey(info.key) !== undefined) this.#described.add(info.key)
      if (place !== undefined) objects.push(info)
      else yield () => this.#beside(info.key)
    }
    if (partition !== undefined) yield* this.#partitionSteps(partition, objects)
  }

  /** An object in a topic's folder that is in none of its partitions'. */
  async #beside(key: string): Promise<readonly Finding[]> {
    const identity = parseTopicKey(key)
    if (identity === undefined) return [foreign(key)]
    const { signal } = this.#job
    return verifyJson(this.#source.storage, key, (fields) => parseTopicDescription(identity, fields), { signal })
  }

  async *#partitionSteps(partition: PartitionIdentity, infos: readonly ObjectInfo[]): AsyncGenerator<Step, void, void> {
    const { storage } = this.#source
    const { signal } = this.#job
    const objects = await objectsOf(partition, infos)
    const named = this.#states.take(partition)
    yield* found(findingsInNames(objects))
    const broken: Finding[] = []
    for (const generation of objects.generations) {
      const key = generationKey(partition, generation)
      broken.push(...(await verifyJson(storage, key, parseCut, { signal })))
    }
    yield* found(broken)
    const log = broken.length > 0 ? undefined : await this.#log(objects)
    if (log !== undefined) yield () => this.#lacking(log, named)
    for (const segment of objects.segments) yield () => this.#segment(segment)
    if (log === undefined || this.#job.share < 1) return
    for (const pair of overlapping(log)) yield () => compareSegments(this.#source, pair, { signal })
  }

  async #log(objects: Awaited<ReturnType<typeof objectsOf>>): Promise<PartitionLog | undefined> {
    const { signal } = this.#job
    const newest = objects.segments.reduce((max, { generation }) => Math.max(max, generation), 1)
    // What a generation without its beginning has in the log nobody can tell.
    for (let generation = 2; generation <= newest; generation++) {
      if (!objects.generations.includes(generation)) return undefined
    }
    return logOf(this.#source.storage, objects, { signal })
  }

  /** What the log lacks. What was merged or pruned since it was listed does not count. */
  async #lacking(log: PartitionLog, named: Parameters<typeof findingsInLog>[1]): Promise<readonly Finding[]> {
    if (findingsInLog(log, named).length === 0) return []
    const { storage } = this.#source
    const { signal } = this.#job
    const now = await listPartition(storage, log.partition, { signal })
    const still = []
    for (const range of named) {
      if ((await storage.head(range.checkpoint, { signal })) !== undefined) still.push(range)
    }
    return findingsInLog(now, still)
  }

  async #segment(segment: SegmentInfo): Promise<readonly Finding[]> {
    const findings = await this.#look(segment)
    this.#progress.add({ records: segment.records, bytes: segment.sizeBytes })
    const { storage } = this.#source
    const { signal } = this.#job
    if (findings.length === 0 || (await storage.head(segment.key, { signal })) !== undefined) return findings
    // Merged or pruned meanwhile, or lost: then its offsets are missing.
    const log = await listPartition(storage, segment, { signal })
    const { generation, from, next } = segment
    const lost = findingsInLog(log, [{ generation, from, next, checkpoint: 'of an earlier listing' }])
    return lost.length === 0 ? [] : findings
  }

  async #look(segment: SegmentInfo): Promise<readonly Finding[]> {
    const { signal, share } = this.#job
    const readable = isReadable(this.#source, segment)
    if (!readable) {
      const { extension, key } = segment
      const unreadable = this.#unreadable.get(extension) ?? { segments: 0, key }
      unreadable.segments++
      this.#unreadable.set(extension, unreadable)
    }
    if (Math.random() < share) return (readable ? readDeeply : readBytes)(this.#source, segment, { signal })
    this.#asked++
    const { findings, known } = await askStore(this.#source, segment, { signal })
    if (!known) this.#unknown++
    return findings
  }

  /** Of a partition that checkpoints name there is no object. */
  async #nothingOf(partition: PartitionIdentity): Promise<readonly Finding[]> {
    return this.#lacking(
      await logOf(this.#source.storage, await objectsOf(partition, []), {}),
      this.#states.take(partition),
    )
  }

  #undescribed(): Finding[] {
    const expected = new Set([...this.#incarnations, ...[...this.#states.topics].map(topicKey)])
    return [...expected]
      .filter((key) => !this.#described.has(key))
      .map((key) => ({
        ...findingOf(new ObjectNotFoundError(key), key),
        hint: BRING_BACK,
      }))
  }
}

function* found(findings: readonly Finding[]): Generator<Step, void, void> {
  if (findings.length > 0) yield async () => findings
}
