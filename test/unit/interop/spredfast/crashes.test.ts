import { crc32c } from '@node-rs/crc32'
import {
  type ArchiveStorage,
  MemoryStorage,
  type SegmentInfo,
  spredfastLayout,
  TopicArchive,
  TopicArchiver,
  TopicRestorer,
} from 'kafkeep'
import { describe, expect, it } from 'vitest'
import { parseSegmentKey, segmentKey } from '../../../../src/archive/names.js'
import { dayOf } from '../../../../src/interop/spredfast/file-names.js'
import { attemptKey } from '../../../../src/interop/spredfast/written-files.js'
import { ClusterModel } from '../../../support/cluster-model.js'
import { keysOf } from '../../../support/keys-of.js'
import { recordsOf, TOPIC } from '../../../support/model-run.js'
import { putFile, values } from '../../../support/spredfast-bucket.js'
import { collected, streamOf } from '../../../support/znode-arbitrary.js'

const layout = spredfastLayout({ keys: false, allowLoss: true })

async function archive(cluster: ClusterModel, storage: ArchiveStorage): Promise<void> {
  await new TopicArchiver({ kafka: cluster.transport, storage, layout }).run({ topics: [TOPIC] })
}

/** A cluster whose topic has so many records. */
function clusterOf(records: number, name = 'v'): ClusterModel {
  const cluster = new ClusterModel()
  cluster.add(TOPIC, [recordsOf(new Array(records).fill(0), name)])
  return cluster
}

async function valuesIn(storage: ArchiveStorage): Promise<string[]> {
  const records = await collected(new TopicArchive({ storage, layout }).records({ topic: TOPIC, partition: 0 }))
  return records.map(({ offset, value }) => `${offset} ${value}`)
}

/** A storage whose process dies at its change number `at`: from then on nothing is changed any more. */
function dyingAt(storage: ArchiveStorage, at: number): ArchiveStorage {
  let changes = 0
  const orDie =
    <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
    (...args: A): Promise<R> =>
      changes++ < at ? call(...args) : Promise.reject(new Error('the process is dead'))
  return {
    put: orDie((...args: Parameters<ArchiveStorage['put']>) => storage.put(...args)),
    delete: orDie((...args: Parameters<ArchiveStorage['delete']>) => storage.delete(...args)),
    get: (...args) => storage.get(...args),
    head: (...args) => storage.head(...args),
    list: (...args) => storage.list(...args),
    listPrefixes: (...args) => storage.listPrefixes(...args),
  }
}

describe('an archiver that writes as the connector does', () => {
  it('goes on after it died at any instant, and leaves nothing twice', async () => {
    const expected = new MemoryStorage()
    await archive(clusterOf(5), expected)
    for (let at = 0; ; at++) {
      const storage = new MemoryStorage()
      const died = await archive(clusterOf(3), dyingAt(storage, at)).then(
        () => false,
        () => true,
      )
      // What was left half-done may be of other records than what is written now.
      await archive(clusterOf(5), storage)
      expect(await valuesIn(storage)).toEqual(await valuesIn(expected))
      const own = new TopicArchive({ storage, layout })
      expect(await collected(own.topics())).toHaveLength(1)
      expect(await collected(own.verify({ deep: true }))).toEqual([])
      const keys = await keysOf(storage)
      const files = keys.filter((key) => key.endsWith('.gz'))
      expect(files).toHaveLength((await segmentsIn(storage)).length)
      if (died) continue
      expect(keys.filter((key) => key.startsWith('kafkeep/writing/'))).toEqual([])
      return
    }
  })

  it('keeps two writers’ files apart, which begin at the same offset', async () => {
    const storage = new MemoryStorage()
    await archive(clusterOf(2), storage)
    // What the first one has written it has also tried to write, which it could not forget any more.
    const days = [0, 1].map((day) => dayOf(Date.now() + day * 86_400_000))
    const files = days.map((day) => `${day}/${TOPIC}-00000-000000000000.gz`)
    const body = Buffer.concat(await collected(storage.get(files[0] ?? '')))
    const attempt = { dataKey: files[0] ?? '', sizeBytes: body.length, crc32c: crc32c(body) }
    await storage.put(`kafkeep/${attemptKey(attempt)}`, Buffer.alloc(0))
    // A writer that was slower has read more, and knows of nothing that is stored meanwhile.
    const [codec] = layout.topicCodecs ?? []
    const { batches } = recordsOf([0, 0, 0, 0])
    const chunks = await collected(codec?.encode(streamOf(batches)) ?? streamOf([]))
    const first = parseSegmentKey((await segmentsIn(storage))[0]?.key ?? '')
    const sum = crc32c(Buffer.concat(chunks))
    if (first === undefined) throw new Error('nothing is archived')
    const key = segmentKey({ ...first, next: 4n, records: 4, crc32c: sum })
    expect(await layout.over(storage).put(key, chunks, { crc32c: sum })).toMatchObject({ created: true })
    expect(await layout.over(storage).put(key, chunks, { crc32c: sum })).toMatchObject({ created: false })

    expect((await keysOf(storage)).filter((name) => name.endsWith('.gz'))).toEqual(files)
    expect(await valuesIn(storage)).toEqual(['0 v0', '1 v1', '2 v2', '3 v3'])
    expect(await collected(new TopicArchive({ storage, layout }).verify({ deep: true }))).toEqual([])
  })

  it('goes on in a bucket of the connector without touching what is there', async () => {
    const storage = new MemoryStorage()
    // Of the same day: what the connector has is older all the same.
    await putFile(storage, { first: 0, chunks: [values(0, 3)], topic: TOPIC, day: dayOf(Date.now()) })
    const before = await keysOf(storage)
    await archive(clusterOf(2), storage)
    const own = new TopicArchive({ storage, layout })
    expect((await collected(own.topics())).map(({ topicId }) => topicId)).toHaveLength(2)
    expect(await keysOf(storage)).toEqual(expect.arrayContaining(before))
    expect(await valuesIn(storage)).toEqual(['0 v0', '1 v1'])
    const target = new ClusterModel()
    const restorer = new TopicRestorer({ kafka: target.transport, storage, layout })
    expect(await restorer.run()).toMatchObject({ records: 2n, complete: true })
    const [{ id = '' } = {}] = await collected(own.checkpoints())
    const old = await restorer.run({ checkpoint: id, rename: { [TOPIC]: 'old' } })
    expect(old).toMatchObject({ records: 3n, complete: true })
  })
})

function segmentsIn(storage: ArchiveStorage): Promise<SegmentInfo[]> {
  return collected(new TopicArchive({ storage, layout }).segments({ topic: TOPIC, partition: 0 }))
}
