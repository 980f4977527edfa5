import { randomUUID } from 'node:crypto'
import {
  type ArchiveEvent,
  type ArchiveStorage,
  FileSystemStorage,
  type Finding,
  MemoryStorage,
  TopicArchive,
  TopicArchiver,
  TopicRestorer,
} from 'kafkeep'
import { beforeEach, describe, expect, it } from 'vitest'
import { drain } from '../../../src/internal/drain.js'
import { recordsIn, shortly } from '../../support/archiving.js'
import { eventually } from '../../support/eventually.js'
import { KafkaBench, messages } from '../../support/kafka.js'
import { largeBatches } from '../../support/kill-loop.js'
import { temporaryFolders } from '../../support/temporary-folders.js'
import { collected } from '../../support/znode-arbitrary.js'

/** Longer than an archiver takes to store what there is. */
const ARCHIVED_LIMIT_MS = 20_000
const SMALL = { segmentBytes: 1_048_576, memoryBytes: 8_388_608, maxSegmentAgeMs: 1_000 } as const
/** Of two or three segments one is made, so that pruning finds some that are too old as a whole. */
const MERGE = { segmentBytes: 3_145_728 } as const
/** Four megabytes. */
const FIRST_RECORDS = 500
const RECORDS_A_ROUND = 50
/** Slow enough that merging and pruning overtake the restore. */
const RESTORED_BYTES_PER_SECOND = 1_048_576

describe('an archive in files that is merged and pruned again and again', () => {
  const temporaryFolder = temporaryFolders()
  const bench = new KafkaBench('kafka4')
  let topic: string
  let storage: FileSystemStorage
  let archive: TopicArchive
  /** What an archive holds that nobody tidies, of everything that was ever produced. */
  let untidied: MemoryStorage
  let produced: number
  let replaced: string[]
  let pruned: string[]

  beforeEach(async () => {
    topic = await bench.createTopic()
    storage = new FileSystemStorage({ directory: await temporaryFolder() })
    archive = new TopicArchive({ storage })
    untidied = new MemoryStorage()
    produced = 0
    replaced = []
    pruned = []
  })

  it('harms neither the archiver that follows nor a restore, and is harmed by neither', async () => {
    const stop = new AbortController()
    const events: ArchiveEvent[] = []
    const following = follow(events, stop.signal)
    // Whatever goes wrong in it is seen at the end.
    following.catch(() => {})
    try {
      await produce(FIRST_RECORDS)
      const { checkpoint, held } = await checkpointOfAll(events)
      const findings: Finding[] = []
      await beside(await begunRestore(checkpoint), [
        tidy,
        async () => void findings.push(...(await collected(archive.verify({ deep: true })))),
        async () => {
          const archived = archivedEnd(events)
          await produce(RECORDS_A_ROUND)
          await bench.deleteRecords(topic, archived)
        },
      ])
      expect(findings).toEqual([])
      expect(replaced.length).toBeGreaterThan(2)
      expect(pruned.length).toBeGreaterThan(1)
      expect(shortly(await archivedElsewhere(`${topic}-restored`))).toEqual(held)
    } finally {
      stop.abort()
      await following
    }
    await tidy()
    expect(await collected(archive.verify({ deep: true }))).toEqual([])
    const [verdict] = await archive.partitions(topic)
    expect(verdict).toMatchObject({ next: archivedEnd(events), gaps: [], complete: true })
    const { from = 0n } = verdict ?? {}
    const { low } = await bench.offsets(topic)
    // What only the restore still needed is gone.
    expect(from).toBeGreaterThan(BigInt(FIRST_RECORDS))
    expect(from).toBeLessThanOrEqual(low)
    const all = await recordsIn(untidied, { topic })
    expect(all).toHaveLength(produced)
    expect(shortly(await recordsIn(storage, { topic }))).toEqual(shortly(all.filter(({ offset }) => offset >= from)))
  })

  async function follow(events: ArchiveEvent[], stop: AbortSignal): Promise<void> {
    await using kafka = bench.transport()
    const archiver = new TopicArchiver({ kafka, storage, ...SMALL, groupId: randomUUID() })
    const job = { topics: [topic], follow: true, groups: false, checkpointIntervalMs: 1_000, stop }
    for await (const event of archiver.stream(job)) events.push(event)
  }

  /** Committed records, and some of an aborted transaction. */
  async function produce(records: number): Promise<void> {
    await bench.produce(topic, largeBatches(produced, produced + records))
    produced += records
    await bench.produceTransaction(topic, messages(0, 2), 'abort')
    await archiveTo(untidied, topic)
  }

  async function archiveTo(other: ArchiveStorage, name: string): Promise<void> {
    await using kafka = bench.transport()
    await new TopicArchiver({ kafka, storage: other }).run({ topics: [name], groups: false })
  }

  /** What a topic holds, in the eyes of an archive that nobody disturbed. */
  async function archivedElsewhere(name: string) {
    const other = new MemoryStorage()
    await archiveTo(other, name)
    return recordsIn(other, { topic: name })
  }

  /** The first checkpoint that has all that was produced so far, and its records. */
  async function checkpointOfAll(events: readonly ArchiveEvent[]) {
    return eventually(
      async () => {
        const checkpoint = events.reduce<string | undefined>(
          (id, event) => (event.type === 'checkpoint' ? event.id : id),
          undefined,
        )
        expect(checkpoint).toBeDefined()
        const records = await recordsIn(storage, { topic, checkpoint })
        expect(records).toHaveLength(produced)
        return { checkpoint, held: shortly(records) }
      },
      { limitMs: ARCHIVED_LIMIT_MS, intervalMs: 100 },
    )
  }

  /** A restore that has pinned what it needs, and how it ends. */
  async function begunRestore(checkpoint: string | undefined): Promise<() => Promise<void>> {
    const kafka = bench.transport()
    const restore = new TopicRestorer({ kafka, storage }).stream({
      ...{ topics: [topic], rename: (name) => `${name}-restored`, checkpoint, offsets: 'exact', groups: false },
      bytesPerSecond: RESTORED_BYTES_PER_SECOND,
    })
    expect(await restore.next()).toMatchObject({ value: { type: 'topic' } })
    return async () => {
      await using _ = kafka
      expect(await drain(restore)).toMatchObject({ complete: true })
    }
  }

  async function tidy(): Promise<void> {
    for await (const merged of archive.merge(MERGE)) replaced.push(...merged.replaced)
    for await (const { key } of archive.prune({ keepCheckpoints: 1 })) pruned.push(key)
  }
})

/** Does other things again and again until the work is done. */
async function beside(work: () => Promise<void>, others: readonly (() => Promise<void>)[]): Promise<void> {
  let over = false
  const done = work().finally(() => {
    over = true
  })
  const repeated = others.map(async (other) => {
    while (!over) await other()
  })
  try {
    await Promise.all([done, ...repeated])
  } finally {
    over = true
    await Promise.allSettled([done, ...repeated])
  }
}

function archivedEnd(events: readonly ArchiveEvent[]): bigint {
  return events.reduce((end, event) => (event.type === 'segment' ? event.next : end), 0n)
}
