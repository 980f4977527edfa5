import { burryLayout, StorageError, ZnodeArchive } from 'kafkeep'
import { describe, expect, it } from 'vitest'
import { readBurryZip } from '../../../../src/interop/burry/reading.js'
import { readZip } from '../../../../src/interop/burry/zip-reading.js'
import { burryArchive, burryFixture, SNAPSHOT } from '../../../support/burry.js'
import { handmadeZip } from '../../../support/zips.js'
import { collected } from '../../../support/znode-arbitrary.js'

describe('the view of a bucket', () => {
  it('gives ranges, prefixes and keys after a key, as every storage does', async () => {
    const { storage } = await burryArchive(burryFixture())
    const view = burryLayout().over(storage)
    const keys = async (prefix: string, startAfter?: string) =>
      (await collected(view.list(prefix, { startAfter }))).map(({ key }) => key)
    const [marker, shown = ''] = await keys('')
    expect(marker).toBe('archive.json')
    expect([await keys('', marker), await keys('znodes/'), await keys('', shown)]).toEqual([[shown], [shown], []])
    expect(await collected(view.listPrefixes(''))).toEqual(['znodes/'])
    const read = async (key: string, range = {}) => Buffer.concat(await collected(view.get(key, range)))
    const whole = await read(shown)
    expect(await read(shown, { startByte: 300_000, endByte: 300_010 })).toEqual(whole.subarray(300_000, 300_010))
    expect(await read(shown, { startByte: whole.length })).toHaveLength(0)
    expect(await read('archive.json', { startByte: 1, endByte: 5 })).toHaveLength(4)
    expect(await view.head(shown)).toMatchObject({ key: shown, sizeBytes: burryFixture().length })
  })

  it('has nothing else', async () => {
    const { storage } = await burryArchive(burryFixture(), { key: 'latest.zip' })
    const view = burryLayout().over(storage)
    const other = 'znodes/20261123T163401000Z-6bfd5680.znodes.jsonl'
    for (const key of ['topics/x', 'znodes/x', other, SNAPSHOT]) {
      expect(await view.head(key)).toBeUndefined()
      await expect(collected(view.get(key))).rejects.toMatchObject({ code: 'OBJECT_NOT_FOUND', key })
      await view.delete(key)
    }
    await expect(view.put('topics/x', Buffer.of())).rejects.toBeInstanceOf(StorageError)
    expect(await collected(storage.list(''))).toHaveLength(1)
  })

  it('ends with the reason of the signal', async () => {
    const { storage } = await burryArchive(burryFixture())
    const reason = new Error('stop')
    const archive = new ZnodeArchive({ storage, layout: burryLayout() })
    await expect(collected(archive.snapshots({ signal: AbortSignal.abort(reason) }))).rejects.toBe(reason)
    await expect(readZip(burryFixture(), { key: SNAPSHOT, signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    const controller = new AbortController()
    const { signal } = controller
    const reading = collected(archive.nodes('latest', { signal }))
    setImmediate(() => controller.abort(reason))
    await expect(reading).rejects.toBe(reason)
  })
})

describe('the nodes of a large zip', () => {
  it('leave time for everything else between them', async () => {
    const files = Array.from({ length: 1_200 }, (_, index) => ({ name: `${SNAPSHOT}/${index}/content` }))
    const options = { signal: undefined, ephemerals: [] }
    let turns = 0
    const count = () => {
      turns += 1
      turning = setImmediate(count)
    }
    let turning: NodeJS.Immediate | undefined
    for await (const { path } of readBurryZip(
      { key: SNAPSHOT, bytes: handmadeZip(files), snapshot: SNAPSHOT },
      options,
    )) {
      // The header: from here on nothing has to be waited for.
      if (path === '') turning = setImmediate(count)
    }
    clearImmediate(turning)
    expect(turns).toBeGreaterThanOrEqual(2)
  })
})
