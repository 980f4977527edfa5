import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { instantOf } from '../../../src/archive/instant-id.js'
import { jsonLinesZnodes } from '../../../src/codec/json-lines-znodes.js'
import { StorageError } from '../../../src/errors.js'
import { MemoryStorage } from '../../../src/storage/memory.js'
import { withFaults } from '../../../src/testing/faults.js'
import { ZnodeArchive, type ZnodePruneOptions } from '../../../src/znode-archive.js'
import { editSnapshot, storeSnapshot } from '../../support/stored-snapshots.js'
import { collected, znode } from '../../support/znode-arbitrary.js'

const NODES = [znode({ path: '/' })]

/** An archive with a snapshot of each instant. */
async function archiveOf(instants: readonly string[]) {
  const storage = new MemoryStorage()
  const stored = new Map<string, string>()
  for (const instant of instants) {
    stored.set(instant, (await storeSnapshot(storage, { takenMs: Date.parse(instant), nodes: NODES })).id)
  }
  const idOf = (instant: string) => stored.get(instant) ?? ''
  return {
    storage,
    idOf,
    archive: new ZnodeArchive({ storage }),
    damage: (instant: string, edit = (text: string) => text.replace('"path":"/"', '"path":"/x"')) =>
      editSnapshot(storage, idOf(instant), edit),
  }
}

async function keysOf(storage: MemoryStorage): Promise<string[]> {
  return (await collected(storage.list('znodes/'))).map(({ key }) => key)
}

/** The instants of the snapshots that are there. */
async function left(storage: MemoryStorage): Promise<string[]> {
  return (await keysOf(storage)).map((key) => {
    const takenMs = instantOf(key.slice('znodes/'.length).split('.')[0] ?? '')
    return takenMs === undefined ? key : new Date(takenMs).toISOString().slice(0, 16)
  })
}

const prune = async (archive: ZnodeArchive, options: ZnodePruneOptions) =>
  (await collected(archive.prune(options))).map(({ key }) => key)

// 23 November 2026 is a Monday.
const DAYS = ['2026-11-20T03:00', '2026-11-21T03:00', '2026-11-22T23:59', '2026-11-23T00:00', '2026-11-23T03:00'].map(
  (instant) => `${instant}Z`,
)

describe('pruning snapshots', () => {
  it.each([
    [{ last: 2 }, ['2026-11-23T00:00', '2026-11-23T03:00']],
    [{ last: 99 }, DAYS.map((day) => day.slice(0, 16))],
    [{ daily: 2 }, ['2026-11-22T23:59', '2026-11-23T03:00']],
    [{ weekly: 1 }, ['2026-11-23T03:00']],
    [{ weekly: 2 }, ['2026-11-22T23:59', '2026-11-23T03:00']],
    [{ last: 2, daily: 3 }, ['2026-11-21T03:00', '2026-11-22T23:59', '2026-11-23T00:00', '2026-11-23T03:00']],
  ])('keeps what any of the rules %j names', async (rules, kept) => {
    const { archive, storage } = await archiveOf(DAYS)
    await prune(archive, rules)
    expect(await left(storage)).toEqual(kept)
    expect(await prune(archive, rules)).toEqual([])
  })

  it('counts days and weeks that have a snapshot, over the turn of the year', async () => {
    // Monday of the first ISO week of 2026, the Sunday before it, and the Thursday of that same week before.
    const { archive, storage } = await archiveOf(['2025-12-25T12:00Z', '2025-12-28T12:00Z', '2025-12-29T12:00Z'])
    await prune(archive, { weekly: 2 })
    expect(await left(storage)).toEqual(['2025-12-28T12:00', '2025-12-29T12:00'])
  })

  it('deletes the oldest first, tells each with its size, and in a dry run only tells', async () => {
    const { archive, storage } = await archiveOf(DAYS)
    const before = await collected(storage.list('znodes/'))
    const told = await collected(archive.prune({ last: 3, dryRun: true }))
    expect(told).toEqual(before.slice(0, 2).map(({ key, sizeBytes }) => ({ key, bytes: sizeBytes })))
    expect(await left(storage)).toHaveLength(5)
    for await (const { key } of archive.prune({ last: 3 })) {
      expect(await storage.head(key)).toBeUndefined()
      break
    }
    expect(await left(storage)).toHaveLength(4)
    expect(await prune(archive, { last: 3 })).toHaveLength(1)
  })

  it.each([
    ['its nodes', undefined],
    ['its header', (text: string) => text.replace('"path":""', '"path":"/b"')],
    ['everything', () => ''],
  ])('never lets a snapshot that is damaged in %s take the place of an intact one', async (_, edit) => {
    const { archive, storage, damage } = await archiveOf(DAYS)
    await damage('2026-11-23T03:00Z', edit)
    await prune(archive, { last: 1 })
    expect(await left(storage)).toEqual(['2026-11-23T00:00', '2026-11-23T03:00'])
  })

  it('deletes nothing when nothing that is left could be read', async () => {
    const { archive, storage, damage } = await archiveOf(DAYS)
    for (const day of DAYS) await damage(day)
    expect(await prune(archive, { last: 1, daily: 1, weekly: 1 })).toEqual([])
    expect(await left(storage)).toHaveLength(5)
  })

  it('keeps, for any rules and any damage, exactly the newest intact of what the rules name', async () => {
    const HOURS = 24 * 30
    const places = fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined })
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.nat({ max: HOURS }), { minLength: 1, maxLength: 12 }),
        fc.array(fc.boolean(), { minLength: 12, maxLength: 12 }),
        fc.record({ last: places, daily: places, weekly: places }),
        async (hours, broken, rules) => {
          fc.pre(Object.values(rules).some((rule) => rule !== undefined))
          const instants = hours.map((hour) => new Date(Date.UTC(2026, 10, 2, hour)).toISOString())
          const { archive, storage, damage } = await archiveOf(instants)
          const damaged = instants.filter((_, index) => broken[index])
          for (const instant of damaged) await damage(instant)
          await prune(archive, rules)
          const there = await left(storage)
          const intact = instants.filter((instant) => !damaged.includes(instant))
          expect(there.filter((instant) => intact.some((other) => other.startsWith(instant)))).toEqual(
            named(intact, rules),
          )
          if (intact.length === 0) expect(there).toHaveLength(instants.length)
        },
      ),
      { numRuns: 50 },
    )
  })

  it('judges snapshots of other roots by themselves', async () => {
    const { archive, storage } = await archiveOf(DAYS.slice(0, 2))
    const part = { roots: ['/b', '/a'], nodes: NODES }
    for (const hour of [0, 1]) await storeSnapshot(storage, { ...part, takenMs: Date.UTC(2026, 10, 19, hour) })
    await storeSnapshot(storage, { ...part, roots: ['/a', '/b'], takenMs: Date.UTC(2026, 10, 19, 2) })
    await prune(archive, { last: 1 })
    expect(await left(storage)).toEqual(['2026-11-19T02:00', '2026-11-21T03:00'])
  })

  it('never touches what is not a snapshot by its name', async () => {
    const { archive, storage, idOf } = await archiveOf(DAYS)
    const id = idOf(DAYS[0] ?? '')
    const foreign = [
      'znodes/notes.txt',
      `znodes/${id}`,
      `znodes/x/${id}.znodes.jsonl`,
      'znodes/20260230T000000000Z-00000000.znodes.jsonl',
    ]
    for (const key of foreign) await storage.put(key, Buffer.from('?'))
    await prune(archive, { last: 1 })
    expect(await keysOf(storage)).toEqual(expect.arrayContaining(foreign))
    expect(await keysOf(storage)).toHaveLength(foreign.length + 1)
  })

  it('deletes nothing when there is a snapshot that this program cannot read, and says what it lacks', async () => {
    const { archive, storage } = await archiveOf(DAYS)
    const own = { ...jsonLinesZnodes(), extension: '.own' }
    await storeSnapshot(storage, { takenMs: Date.UTC(2026, 11, 1), nodes: NODES, codec: own })
    await expect(prune(archive, { last: 1 })).rejects.toMatchObject({ code: 'UNSUPPORTED_FORMAT' })
    expect(await left(storage)).toHaveLength(6)
    await prune(new ZnodeArchive({ storage, codecs: [own] }), { last: 1 })
    expect(await left(storage)).toEqual(['2026-12-01T00:00'])
  })

  it('deletes nothing when the storage fails before all that is kept was read', async () => {
    const { storage } = await archiveOf(DAYS)
    const outage = new StorageError('access denied')
    for (let skip = 0; skip < 8; skip += 1) {
      const { proxy, fail } = withFaults(storage)
      fail('get', outage, { skip })
      await expect(prune(new ZnodeArchive({ storage: proxy }), { last: 2 })).rejects.toBe(outage)
      expect(await left(storage)).toHaveLength(5)
    }
  })

  it('reads no nodes when there is nothing to delete', async () => {
    const { archive, damage, storage } = await archiveOf(DAYS.slice(0, 2))
    await damage(DAYS[0] ?? '')
    let reads = 0
    const counting = new Proxy(storage, {
      get(target, name) {
        if (name !== 'get') return Reflect.get(target, name).bind(target)
        return (key: string) => {
          reads += 1
          return target.get(key)
        }
      },
    })
    expect(await prune(new ZnodeArchive({ storage: counting }), { last: 2 })).toEqual([])
    // The marker, and a header each.
    expect(reads).toBe(3)
    expect(await prune(archive, { last: 2 })).toEqual([])
  })

  it.each([
    [{}, TypeError, /at least one of `last`, `daily` and `weekly`/],
    [{ dryRun: true }, TypeError, /at least one/],
    [{ last: 0 }, RangeError, /`last`/],
    [{ daily: 1.5 }, RangeError, /`daily`/],
    [{ weekly: -1 }, RangeError, /`weekly`/],
    [{ last: 1, keep: 1 }, TypeError, /`keep`/],
    [{ last: 1, dryRun: 'yes' }, TypeError, /`dryRun`/],
    [{ last: 1, signal: 'now' }, TypeError, /`signal`/],
  ])('refuses %j at once', async (options, kind, message) => {
    const { archive } = await archiveOf([])
    const call = () => archive.prune(options as ZnodePruneOptions)
    expect(call).toThrow(kind)
    expect(call).toThrow(message)
  })

  it('stops between two deletions when the signal fires', async () => {
    const { archive, storage } = await archiveOf(DAYS)
    const stop = new AbortController()
    const reason = new Error('stop')
    const pruned = async () => {
      for await (const _ of archive.prune({ last: 1, signal: stop.signal })) stop.abort(reason)
    }
    await expect(pruned()).rejects.toBe(reason)
    expect(await left(storage)).toHaveLength(4)
  })
})

/** What the rules name, said in another way than in the code: by the texts of the instants. */
function named(instants: readonly string[], { last = 0, daily = 0, weekly = 0 }: ZnodePruneOptions): string[] {
  const newestFirst = [...instants].sort().reverse()
  const newestOf = (periodOf: (instant: string) => string, places: number) => {
    const periods = [...new Set(newestFirst.map(periodOf))].slice(0, places)
    return periods.map((period) => newestFirst.find((instant) => periodOf(instant) === period) ?? '')
  }
  const mondayOf = (instant: string) => {
    const day = new Date(instant)
    day.setUTCDate(day.getUTCDate() - ((day.getUTCDay() + 6) % 7))
    return day.toISOString().slice(0, 10)
  }
  const kept = [
    ...newestFirst.slice(0, last),
    ...newestOf((instant) => instant.slice(0, 10), daily),
    ...newestOf(mondayOf, weekly),
  ]
  return [...new Set(kept)].sort().map((instant) => instant.slice(0, 16))
}
