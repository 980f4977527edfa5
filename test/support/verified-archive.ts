import { type ArchiveStorage, type Finding, TopicArchive, type VerifyOptions } from 'kafkeep'
import { ensureArchive } from '../../src/archive/archive-marker.js'
import { checkpointKey, writeCheckpoint } from '../../src/archive/checkpoint.js'
import { beginGeneration } from '../../src/archive/generation.js'
import { abortedKey, gapKey, generationKey, type PartitionIdentity, topicKey } from '../../src/archive/names.js'
import { describeTopic } from '../../src/archive/topic-description.js'
import { RecordBatchView } from '../../src/batch/record-batch.js'
import { BIT, batchView, markerBytes, numberedRecords } from './batches.js'
import { change, flipped } from './damage.js'
import { PARTITION, putSegment } from './segments.js'
import { collected } from './znode-arbitrary.js'

/** A place in the archive, by the key of its object. */
export type Place =
  | 'first segment'
  | 'segment'
  | 'last segment'
  | 'segment with a sidecar'
  | 'sidecar'
  | 'gap'
  | 'generation'
  | 'checkpoint'
  | 'topic.json'
  | 'archive.json'

/** An archive that has everything, and where what is; of each place there is another object of the same kind. */
export interface VerifiedArchive {
  readonly places: Readonly<Record<Place, string>>
  readonly others: Readonly<Record<Place, string>>
}

const { topic, topicId } = PARTITION
const OTHER: PartitionIdentity = { ...PARTITION, partition: 0 }
const OTHER_TOPIC = { topic: 'payments', topicId: 'PaPaPaPaPaPaPaPaPaPaPa' }

function records(baseOffset: bigint, count: number, prefix = 'v', leaderEpoch = 0) {
  return batchView({ baseOffset, leaderEpoch, records: numberedRecords(count, `${prefix}${baseOffset}-`) })
}

/** An aborted transaction of two records and its marker. */
function aborted(baseOffset: bigint, producerId: bigint) {
  const batch = batchView({ baseOffset, producerId, attributes: BIT.transactional, records: numberedRecords(2) })
  return [batch, new RecordBatchView(markerBytes('abort', { baseOffset: baseOffset + 2n, producerId }))]
}

/**
 * Fills an archive: two partitions and two topics, two generations, gaps, sidecars and checkpoints, with nothing wrong.
 */
export async function fillArchive(storage: ArchiveStorage): Promise<VerifiedArchive> {
  await ensureArchive(storage, {})
  const description = { firstSeenMs: 5, clusterId: 'c', partitions: 4 }
  await describeTopic(storage, { topic, topicId, ...description }, {})
  await describeTopic(storage, { ...OTHER_TOPIC, ...description, firstSeenMs: 6 }, {})
  const first = await putSegment(storage, [records(0n, 4)])
  const middle = await putSegment(storage, [records(4n, 2), records(6n, 2)])
  const gap = { ...PARTITION, generation: 1, from: 8n, next: 10n, cause: 'retention' } as const
  await storage.put(gapKey(gap), Buffer.alloc(0))
  const one = await putSegment(storage, aborted(10n, 7n), { aborted: [{ producerId: 7n, firstOffset: 10n }] })
  const two = await putSegment(storage, aborted(13n, 8n), { aborted: [{ producerId: 8n, firstOffset: 13n }] })
  await beginGeneration(storage, PARTITION, { generation: 2, cut: 13n, archivedNext: 16n, takenMs: 9 }, {})
  const last = await putSegment(storage, [records(13n, 5, 'w', 1)], { generation: 2 })
  const foreign = await putSegment(storage, [records(0n, 6, 'other')], { ...OTHER })
  const otherGap = { ...OTHER, generation: 1, from: 6n, next: 9n, cause: 'deleted' } as const
  await storage.put(gapKey(otherGap), Buffer.alloc(0))
  await beginGeneration(storage, OTHER, { generation: 2, cut: 3n, archivedNext: 9n, takenMs: 9 }, {})
  await putSegment(storage, [records(3n, 3, 'w', 1)], { ...OTHER, generation: 2 })
  const stateOf = (generation: number, next: bigint, others: bigint) => ({
    ...{ clusterId: 'c', groups: [] },
    topics: [
      {
        ...{ topic, topicId, replicationFactor: 1, configs: [] },
        partitions: [
          { partition: PARTITION.partition, generation, from: 0n, next },
          { partition: OTHER.partition, generation, from: 0n, next: others },
        ],
      },
      { ...OTHER_TOPIC, replicationFactor: 1, configs: [], partitions: [] },
    ],
  })
  const old = await writeCheckpoint(storage, { takenMs: 1_000, ...stateOf(1, 16n, 9n) }, {})
  const recent = await writeCheckpoint(storage, { takenMs: 2_000, ...stateOf(2, 18n, 6n) }, {})
  const shared = { 'archive.json': topicKey(OTHER_TOPIC), 'topic.json': topicKey(OTHER_TOPIC) }
  return {
    places: {
      'first segment': first.key,
      segment: middle.key,
      'last segment': last.key,
      'segment with a sidecar': one.key,
      sidecar: abortedKey(one.key),
      gap: gapKey(gap),
      generation: generationKey(PARTITION, 2),
      checkpoint: checkpointKey(old),
      'topic.json': topicKey(PARTITION),
      'archive.json': 'archive.json',
    },
    others: {
      'first segment': foreign.key,
      segment: foreign.key,
      'last segment': foreign.key,
      'segment with a sidecar': two.key,
      sidecar: abortedKey(two.key),
      gap: gapKey(otherGap),
      generation: generationKey(OTHER, 2),
      checkpoint: checkpointKey(recent),
      ...shared,
    },
  }
}

/** What is wrong with an archive, in the order of its keys. */
export async function findingsOf(storage: ArchiveStorage, options: VerifyOptions = {}): Promise<Finding[]> {
  const findings = await collected(new TopicArchive({ storage }).verify(options))
  return findings.sort((a, b) => ((a.key ?? '') < (b.key ?? '') ? -1 : 1))
}

/** What can happen to any object. */
export type ObjectDamage =
  | 'a flipped bit'
  | 'truncated'
  | 'missing'
  | 'exchanged'
  | 'renamed'
  | 'given a name of its kind'
  | 'duplicated'

/** Damages the object of a place; answers under which keys there is now something else than before. */
export async function damageObject(
  storage: ArchiveStorage,
  { places, others }: VerifiedArchive,
  place: Place,
  damage: ObjectDamage,
): Promise<readonly string[]> {
  const [key, other] = [places[place], others[place]]
  const bytes = Buffer.concat(await collected(storage.get(key)))
  if (damage === 'a flipped bit')
    return [await change(storage, key, (old) => (old.length === 0 ? Buffer.of(1) : flipped(old)))]
  if (damage === 'truncated') return [await change(storage, key, (old) => old.subarray(0, old.length - 1))]
  if (damage === 'missing') return [await change(storage, key, () => undefined)]
  if (damage === 'exchanged') {
    const theirs = Buffer.concat(await collected(storage.get(other)))
    await change(storage, other, () => bytes)
    await change(storage, key, () => theirs)
    return [key, other]
  }
  const name = damage === 'given a name of its kind' ? otherName(place, key) : `${key}.bak`
  if (damage !== 'duplicated') await storage.delete(key)
  await storage.put(name, bytes)
  return [key, name]
}

/** A name that kafkeep could have given to another object of the kind. */
function otherName(place: Place, key: string): string {
  if (place === 'archive.json') return 'topics/archive.json'
  if (place === 'topic.json') return topicKey({ topic: 'invoices', topicId })
  if (place === 'generation') return key.replace('g2.json', 'g3.json')
  if (place === 'checkpoint') return key.replace('T000001000Z', 'T000003000Z')
  if (place === 'last segment') return key.replace('13-00000000000000000018', '18-00000000000000000023')
  // One partition further.
  return key.replace('/3/', '/1/')
}
