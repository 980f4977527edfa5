import { FileSystemStorage, type KafkaRecord, TopicArchive } from 'kafkeep'
import { beforeEach, describe, expect, it } from 'vitest'
import { ensureArchive } from '../../../src/archive/archive-marker.js'
import { writeCheckpoint } from '../../../src/archive/checkpoint.js'
import { describeTopic } from '../../../src/archive/topic-description.js'
import { RecordBatchView } from '../../../src/batch/record-batch.js'
import { BIT, batchView, markerBytes, numberedRecords } from '../../support/batches.js'
import { killOften, killSeed, seededShare } from '../../support/kill-loop.js'
import { PARTITION, putSegment } from '../../support/segments.js'
import { temporaryFolders } from '../../support/temporary-folders.js'
import { TIDYING } from '../../support/tidying.js'
import { findingsOf } from '../../support/verified-archive.js'
import { collected } from '../../support/znode-arbitrary.js'

const KILLS = 10
const LATEST_KILL_MS = 5
/** About as many as a run makes, so that kills come everywhere in it, and some too late. */
const CHANGES = { merge: 40, prune: 20 } as const
const DAYS_A_RUN = 2
const SEGMENTS_A_DAY = 8n
/** Two records, and what an aborted transaction leaves: a record and its marker. */
const OFFSETS_A_SEGMENT = 4n
const RETENTION_DAYS = 2

const { topic, topicId, partition } = PARTITION

describe('a process that merges and prunes, and is killed with SIGKILL at any instant', { timeout: 120_000 }, () => {
  const temporaryFolder = temporaryFolders()
  const seed = killSeed(process.env)
  let directory: string
  let storage: FileSystemStorage
  let archive: TopicArchive
  let days: number
  /** What each checkpoint held when it was written, and where the log began then. */
  let held: Map<string, { readonly logStart: bigint; readonly records: readonly KafkaRecord[] }>

  beforeEach(async () => {
    process.stdout.write(`to kill at the same instants again: KAFKEEP_KILL_SEED=${seed}\n`)
    directory = await temporaryFolder()
    storage = new FileSystemStorage({ directory })
    archive = new TopicArchive({ storage })
    days = 0
    held = new Map()
    await ensureArchive(storage, {})
    await describeTopic(storage, { topic, topicId, firstSeenMs: 5, clusterId: 'c', partitions: 4 }, {})
  })

  it('leaves every checkpoint that is there as it was, and an archive in which all is well', async () => {
    let runs = 0
    let killed = 0
    await archiveDays()
    const next = () => {
      const verb = ++runs % 2 === 0 ? 'prune' : 'merge'
      const changesBefore = Math.floor(seededShare(`${seed} changes`, runs) * CHANGES[verb])
      return { verb, directory, changesBefore } as const
    }
    await killOften(next, {
      ...{ kills: KILLS, latestKillMs: LATEST_KILL_MS, seed },
      async afterKill(_, end) {
        if (end === 'killed') killed++
        await expectAllWell()
        await archiveDays()
      },
    })
    expect(killed).toBeGreaterThan(0)
    await collected(archive.merge(TIDYING.merge))
    await collected(archive.prune(TIDYING.prune))
    await expectAllWell()
    expect(await collected(archive.checkpoints())).toHaveLength(2)
    // Nothing is left of what kills have interrupted.
    expect(await collected(archive.merge(TIDYING.merge))).toEqual([])
    expect(await collected(archive.prune(TIDYING.prune))).toEqual([])
  })

  async function expectAllWell(): Promise<void> {
    expect(await findingsOf(storage, { deep: true })).toEqual([])
    for (const { id } of await collected(archive.checkpoints())) {
      const { logStart = 0n, records } = held.get(id) ?? {}
      expect(await recordsSince(logStart, id)).toEqual(records)
    }
  }

  /** What the archiver would leave of a topic that keeps two days: small segments, and a checkpoint each day. */
  async function archiveDays(): Promise<void> {
    for (let count = 0; count < DAYS_A_RUN; count++) {
      const first = BigInt(days) * SEGMENTS_A_DAY
      for (let index = first; index < first + SEGMENTS_A_DAY; index++) await archiveSegment(index * OFFSETS_A_SEGMENT)
      days++
      const next = BigInt(days) * SEGMENTS_A_DAY * OFFSETS_A_SEGMENT
      const logStart = BigInt(Math.max(0, days - RETENTION_DAYS)) * SEGMENTS_A_DAY * OFFSETS_A_SEGMENT
      const state = { partition, generation: 1, from: 0n, next, logStart }
      const topics = [{ topic, topicId, replicationFactor: 1, configs: [], partitions: [state] }]
      const id = await writeCheckpoint(storage, { takenMs: days * 86_400_000, clusterId: 'c', topics, groups: [] }, {})
      held.set(id, { logStart, records: await recordsSince(logStart, id) })
    }
  }

  async function archiveSegment(baseOffset: bigint): Promise<void> {
    const producerId = baseOffset
    const aborted = { baseOffset: baseOffset + 2n, producerId }
    const content = [
      batchView({ baseOffset, records: numberedRecords(2, `v${baseOffset}-`) }),
      batchView({ ...aborted, attributes: BIT.transactional, records: numberedRecords(1, 'aborted-') }),
      new RecordBatchView(markerBytes('abort', { baseOffset: baseOffset + 3n, producerId })),
    ]
    await putSegment(storage, content, { aborted: [{ producerId, firstOffset: aborted.baseOffset }] })
  }

  function recordsSince(from: bigint, checkpoint: string): Promise<KafkaRecord[]> {
    return collected(archive.records({ topic, partition, checkpoint, from }))
  }
})
