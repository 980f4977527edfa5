import { type ArchiveStorage, MemoryStorage } from 'kafkeep'
import { beforeEach, describe, expect, it } from 'vitest'
import {
  abandonRestore,
  pinRestore,
  type RestoreRecord,
  readAbandonedRestore,
  readRestoreRecord,
} from '../../../src/restore/restore-record.js'
import { FaultyWorld } from '../../support/faulty-world.js'

const TARGET = { clusterId: 'cluster', topicId: 'topic' }
const FIRST: RestoreRecord = {
  ...{ startedMs: 1, digest: 'first', source: 'orders', target: 'orders', checkpoint: 'c1', targetFrom: [0n, 7n] },
  ...{
    originalConfigs: { 'retention.ms': '777', 'retention.bytes': null },
    inheritedConfigs: { 'retention.bytes': '5' },
  },
  ...{ offsets: 'exact', created: true, producerId: 4_000n, producerEpoch: 0 },
}

describe('what a restore has pinned', () => {
  let storage: ArchiveStorage

  beforeEach(async () => {
    storage = new MemoryStorage()
    await pinRestore(storage, TARGET, FIRST, {})
  })

  it('is read as it was written', async () => {
    expect(await readRestoreRecord(storage, TARGET, {})).toEqual(FIRST)
    expect(await readRestoreRecord(storage, { ...TARGET, topicId: 'other' }, {})).toBeUndefined()
  })

  it('decides for all that pin the same, and stops those that pin something else', async () => {
    expect(await pinRestore(storage, TARGET, { ...FIRST, producerId: 5_000n }, {})).toEqual(FIRST)
    const other = pinRestore(storage, TARGET, { ...FIRST, digest: 'second' }, {})
    await expect(other).rejects.toMatchObject({ code: 'RESTORE_CONFLICT', hint: expect.any(String) })
  })

  it.each(['before', 'after', 'dead'] as const)(
    'keeps what is known of the configs when it is abandoned and a call to the storage fails: %s',
    async (kind) => {
      const error = new Error('the store is down')
      let failAt = 0
      for (let failed = true; failed; failAt++) {
        const memory = new MemoryStorage()
        await pinRestore(memory, TARGET, FIRST, {})
        const world = new FaultyWorld({ failAt, kind, error })
        const outcome = await restoreSecond(world.around<ArchiveStorage>(memory)).then(
          () => undefined,
          (reason: unknown) => reason,
        )
        expect(outcome).toBe(world.failed ? error : undefined)
        expect(await restoreSecond(memory)).toMatchObject({ digest: 'second', originalConfigs: FIRST.originalConfigs })
        failed = world.failed
      }
      expect(failAt).toBeGreaterThan(7)
    },
  )

  it('is what the next restore knows of the configs, not what an earlier one has left', async () => {
    const second = await restoreSecond(storage)
    await storage.put('restores/cluster/topic.abandoned.json', Buffer.from('{}'))
    await abandonRestore(storage, TARGET, second, {})
    expect(await readAbandonedRestore(storage, TARGET, {})).toEqual(second)
    await pinRestore(storage, TARGET, { ...FIRST, digest: 'third' }, {})
    expect(await readAbandonedRestore(storage, TARGET, {})).toBeUndefined()
  })

  it('stays where somebody else has abandoned and pinned meanwhile', async () => {
    const second = await restoreSecond(storage)
    await abandonRestore(storage, TARGET, FIRST, {})
    expect(await readRestoreRecord(storage, TARGET, {})).toEqual(second)
  })
})

/** As a run does that abandons the first restore and pins a second one. */
async function restoreSecond(storage: ArchiveStorage): Promise<RestoreRecord> {
  const pinned = await readRestoreRecord(storage, TARGET, {})
  if (pinned?.digest === 'second') return pinned
  if (pinned !== undefined) await abandonRestore(storage, TARGET, pinned, {})
  const { originalConfigs = {} } = (await readAbandonedRestore(storage, TARGET, {})) ?? {}
  return pinRestore(storage, TARGET, { ...FIRST, digest: 'second', producerId: 5_000n, originalConfigs }, {})
}
