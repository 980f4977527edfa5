import { archivedTopics, incarnationsOf, partitionsOf } from '../archive/archive-folders.js'
import { ensureArchive, requireArchive } from '../archive/archive-marker.js'
import type { TopicIdentity } from '../archive/names.js'
import { ALL_OFFSETS, chainFor, listPartition, type PartitionLog, unprunedFrom } from '../archive/partition-log.js'
import { describeTopic, readTopicDescription } from '../archive/topic-description.js'
import { type PartitionVerdict, verdictOf } from '../archive/verdict.js'
import type { SegmentEvent } from '../archiver/events.js'
import { SegmentMemory } from '../archiver/segment-memory.js'
import { NotInArchiveError } from '../errors.js'
import { allOf } from '../internal/all-of.js'
import { missingNames, selects } from '../internal/topic-filter.js'
import { WorkDone } from '../progress.js'
import { convertCheckpoints } from './convert-checkpoints.js'
import {
  type ConversionEvent,
  type ConversionJob,
  type ConversionSummary,
  type ConvertArchiveOptions,
  checkedConversion,
} from './convert-options.js'
import { PartitionConversion } from './convert-partition.js'

/**
 * Writes what another tool has archived of topics as an archive of kafkeep's own, without a cluster: segments, gaps and
 * checkpoints. Yields each fact once it is durable. What is there already is not written again, so that a conversion
 * can be ended at any time and begun anew, also when the archive has grown meanwhile.
 *
 * What the other tool does not keep stays as recognisable as it was: times are -1, and topics of `spredfastLayout()`
 * keep their id `-spredfast`, by which {@link KafkaRecord.offsetDerived} is set in the new archive too.
 *
 * Damaged files are left out and told of; the summary is not complete then.
 *
 * @throws TypeError or RangeError at once when an option is wrong.
 * @throws {@link NotInArchiveError} when there is no archive, or no topic of a name that is asked for.
 * @throws {@link ForeignContentError} when `to` holds something else.
 * @throws {@link LossyCodecError} when nobody can tell the offsets of a topic's records.
 *
 * @example
 * ```ts
 * const layout = spredfastLayout({ keys: true, prefix: 'backup' })
 * for await (const event of convertArchive({ storage: old, layout, to: storage })) console.log(event.type)
 * ```
 */
export function convertArchive(
  options: ConvertArchiveOptions,
): AsyncGenerator<ConversionEvent, ConversionSummary, void> {
  return new Conversion(checkedConversion(options)).convert()
}

/** A segment may go beyond its size by a batch. */
const OVERRUN_BYTES = 8_388_608

class Conversion {
  readonly #job: ConversionJob
  readonly #memory: SegmentMemory
  readonly #verdicts: PartitionVerdict[] = []
  readonly #progress: WorkDone
  #records = 0n

  constructor(job: ConversionJob) {
    const { segmentBytes, target } = job
    const reuses = target.storage.capabilities?.releasesBodies === true
    this.#job = job
    this.#memory = new SegmentMemory({ memoryBytes: segmentBytes + OVERRUN_BYTES, segmentBytes, reuses })
    this.#progress = new WorkDone(job.onProgress)
  }

  async *convert(): AsyncGenerator<ConversionEvent, ConversionSummary, void> {
    const { source, target, signal } = this.#job
    await requireArchive(source.storage, { signal })
    const topics = await this.#topics()
    await ensureArchive(target.storage, { signal })
    for (const topic of topics) yield* this.#convertTopic(topic)
    yield* convertCheckpoints(source.storage, target.storage, { signal })
    this.#progress.finish()
    const partitions = this.#verdicts
    return { partitions, records: this.#records, complete: partitions.every(({ complete }) => complete) }
  }

  async #topics(): Promise<TopicIdentity[]> {
    const { source, topics: filter, signal } = this.#job
    const names = await allOf(archivedTopics(source.storage, { signal }))
    const [missing] = missingNames(filter, names)
    if (missing !== undefined) throw new NotInArchiveError(`the archive has no topic ${missing}`)
    const identities: TopicIdentity[] = []
    for (const topic of names.filter((name) => selects(filter, name))) {
      for await (const identity of incarnationsOf(source.storage, topic, { signal })) identities.push(identity)
    }
    return identities
  }

  async *#convertTopic(identity: TopicIdentity): AsyncGenerator<ConversionEvent, void, void> {
    const { source, target, signal } = this.#job
    const description = await readTopicDescription(source.storage, identity, { signal })
    await describeTopic(target.storage, description, { signal })
    for await (const partition of partitionsOf(source.storage, identity, { signal })) {
      const from = await listPartition(source.storage, partition, { signal })
      const to = await listPartition(target.storage, partition, { signal })
      for await (const event of new PartitionConversion(this.#job, { from, to, memory: this.#memory }).convert()) {
        yield event
        if (event.type === 'segment') this.#count(event)
      }
      this.#verdicts.push(verdictOfConverted(from, await listPartition(target.storage, partition, { signal })))
    }
  }

  #count(segment: SegmentEvent): void {
    this.#records += BigInt(segment.records)
    this.#progress.add(segment)
  }
}

/** What the new archive has of all that the old one has, damaged files included. */
function verdictOfConverted(from: PartitionLog, to: PartitionLog): PartitionVerdict {
  const { newestGeneration: generation } = from
  const chain = chainFor(from, { generation, ...ALL_OFFSETS })
  const next = chain.at(-1)?.next ?? 0n
  const verdict = verdictOf(to, { next, reachedEnd: true })
  const start = unprunedFrom(to, { generation, from: chain[0]?.from ?? next, next })
  if (start >= verdict.from) return verdict
  const lost = { from: start, next: verdict.from, cause: 'unknown' } as const
  return { ...verdict, from: start, gaps: [lost, ...verdict.gaps], complete: false }
}
