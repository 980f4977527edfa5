import { readFile } from 'node:fs/promises'
import {
  exhibitorLayout,
  KafkeepError,
  MemoryStorage,
  ZnodeArchive,
  ZnodeSnapshotter,
  type ZooKeeperTransport,
  zookeeperFilesLayout,
} from 'kafkeep'
import { describe, expect, it } from 'vitest'
import { znodeFromJson } from '../../../../src/codec/znode-json.js'
import type { Znode } from '../../../../src/zookeeper/znode.js'
import { collected } from '../../../support/znode-arbitrary.js'
import {
  asClientsSee,
  edited,
  exhibitorUploads,
  FIXTURES,
  kindsIn,
  newestTree,
  storedFiles,
  VARIED_KINDS,
} from '../../../support/zookeeper-files.js'

const LAYOUT = zookeeperFilesLayout()

/** What a client saw last. */
async function treeOf(fixture: string): Promise<Znode[]> {
  const lines = (await readFile(`${FIXTURES}${fixture}/tree.jsonl`, 'utf8')).split('\n')
  return lines.filter((line) => line !== '').map(znodeFromJson)
}

const plain = () => storedFiles(`${FIXTURES}plain/version-2`)
const statesIn = (storage: MemoryStorage, layout = LAYOUT) => {
  return collected(new ZnodeArchive({ storage, layout }).snapshots())
}

describe.each(['plain', 'gz', 'snappy'])('the files of a server (%s)', (fixture) => {
  const stored = () => storedFiles(`${FIXTURES}${fixture}/version-2`)

  it('give the tree that a client saw last, and the kinds that no client sees', async () => {
    const nodes = await newestTree(await stored(), LAYOUT)
    expect(asClientsSee(nodes)).toEqual(await treeOf(fixture))
    expect(kindsIn(nodes)).toEqual(VARIED_KINDS)
  })

  it('are found intact, one state for each snapshot, in the order of their transactions', async () => {
    const archive = new ZnodeArchive({ storage: await stored(), layout: LAYOUT })
    expect(await collected(archive.verify())).toEqual([])
    const states = await collected(archive.snapshots())
    expect(states).toHaveLength(4)
    expect(states.map(({ toZxid }) => toZxid)).toEqual(states.map(({ toZxid }) => toZxid).sort((a, b) => Number(a - b)))
    expect(await collected(archive.diff(states.at(-1)?.id ?? '', 'latest'))).toEqual([])
  })
})

describe('a snapshot without logs', () => {
  const alone = async (name: string) => edited(await plain(), (key) => (key.endsWith(`/${name}`) ? undefined : null))

  it('is exact where its digest proves it', async () => {
    const states = await statesIn(await alone('snapshot.17'))
    expect(states).toMatchObject([{ consistency: 'exact', moved: [], toZxid: 0x17n, nodes: 18 }])
  })

  it('is fuzzy where nothing proves it, or where the server was still writing', async () => {
    expect(await statesIn(await alone('snapshot.0'))).toMatchObject([{ consistency: 'fuzzy', toZxid: 0n, nodes: 4 }])
    // This one was finished after the next transaction, of which it holds nothing.
    const states = await statesIn(await alone('snapshot.23'))
    expect(states).toMatchObject([{ consistency: 'fuzzy', fromZxid: 0x23n, toZxid: 0x24n }])
  })

  it('may lie at the root of a storage', async () => {
    const storage = await storedFiles(`${FIXTURES}plain/version-2`, 'x')
    const bare = new MemoryStorage()
    await bare.put('snapshot.23', await bytesOf(storage, 'x/snapshot.23'))
    expect(await newestTree(bare, zookeeperFilesLayout({ prefix: '' }))).toHaveLength(18)
  })
})

async function bytesOf(storage: MemoryStorage, key: string): Promise<Buffer> {
  return Buffer.concat(await collected(storage.get(key)))
}

describe('logs', () => {
  it('are read from where they lie', async () => {
    const storage = await plain()
    const logs = await edited(storage, (key) => (key.includes('/log.') ? undefined : null))
    const snapshots = await edited(storage, (key) => (key.includes('/snapshot.') ? undefined : null))
    const layout = zookeeperFilesLayout({ logs: { storage: logs, prefix: 'version-2/' } })
    expect(asClientsSee(await newestTree(snapshots, layout))).toEqual(await treeOf('plain'))
  })

  it('are enough from the first transaction on', async () => {
    const storage = await edited(await plain(), (key) => (key.includes('/log.') ? undefined : null))
    expect(await statesIn(storage)).toMatchObject([{ consistency: 'exact', toZxid: 0x31n }])
    expect(asClientsSee(await newestTree(storage, LAYOUT))).toEqual(await treeOf('plain'))
  })

  it('are replayed up to a transaction, when that is asked', async () => {
    const layout = zookeeperFilesLayout({ toZxid: 0x18n })
    const [last] = (await statesIn(await plain(), layout)).slice(-1)
    expect(last).toMatchObject({ consistency: 'exact', toZxid: 0x18n })
    const until = zookeeperFilesLayout({ toZxid: 0x2n })
    expect(kindsIn(await newestTree(await plain(), until))).toEqual({})
  })

  it.each([
    ['log.19', 'transactions 0x19 to 0x24'],
    ['log.d', 'transactions 0xd to 0x18'],
  ])('with a hole for want of %s are refused, and the hole is named', async (missing, hole) => {
    const storage = await edited(await plain(), (key) =>
      key.includes('/log.') && !key.endsWith(missing) ? undefined : null,
    )
    await expect(newestTree(storage, LAYOUT)).rejects.toMatchObject({
      code: 'ARCHIVE_CORRUPT',
      message: expect.stringContaining(hole),
      hint: expect.stringContaining('bring back the log'),
    })
  })

  it('of the beginning may be gone, where a snapshot is newer', async () => {
    const storage = await edited(await plain(), (key) => (/log\.(1|d)$/.test(key) ? null : undefined))
    expect(asClientsSee(await newestTree(storage, LAYOUT))).toEqual(await treeOf('plain'))
    const states = await statesIn(storage)
    expect(states.map(({ toZxid }) => toZxid)).toEqual([0n, 0xbn, 0x17n, 0x31n])
  })

  it('make up for a snapshot that a killed server did not finish', async () => {
    const storage = await edited(await plain(), (key, bytes) =>
      key.endsWith('.23') ? bytes.subarray(0, 700) : undefined,
    )
    expect(asClientsSee(await newestTree(storage, LAYOUT))).toEqual(await treeOf('plain'))
  })
})

describe('an ensemble', () => {
  const uploads = async (servers: readonly string[]) => {
    const all = new MemoryStorage()
    for (const server of servers) {
      const storage = await storedFiles(`${FIXTURES}ensemble/${server}`, `server-${server}`)
      for await (const { key } of storage.list('')) await all.put(key, await bytesOf(storage, key))
    }
    return all
  }
  const withoutConfig = (nodes: readonly Znode[]) => nodes.filter(({ path }) => path !== '/zookeeper/config')

  it('is read over the change of its leader from the logs of any of its servers', async () => {
    for (const server of ['1', '2', '3']) {
      const nodes = await newestTree(await uploads([server]), zookeeperFilesLayout({ prefix: `server-${server}` }))
      expect(withoutConfig(nodes)).toEqual(withoutConfig(await treeOf('ensemble')))
    }
  })

  it('is read from logs that overlap, as long as they agree', async () => {
    const mixed = new MemoryStorage()
    const storage = await uploads(['1', '3'])
    const [whole, second] = [
      await bytesOf(storage, 'server-1/log.100000001'),
      await bytesOf(storage, 'server-3/log.200000001'),
    ]
    await mixed.put('version-2/log.100000001', whole)
    await mixed.put('version-2/log.200000001', second)
    expect(withoutConfig(await newestTree(mixed, LAYOUT))).toEqual(withoutConfig(await treeOf('ensemble')))
  })

  it('whose last transaction before the change is in no log is found out by the digest', async () => {
    const storage = await uploads(['3'])
    const cut = await edited(storage, (key, bytes) => {
      return key.endsWith('log.100000001') ? cutLast(bytes) : undefined
    })
    await expect(newestTree(cut, zookeeperFilesLayout({ prefix: 'server-3' }))).rejects.toMatchObject({
      code: 'ARCHIVE_CORRUPT',
      message: expect.stringContaining('is not the one that the server had'),
    })
  })
})

/** A log without its last record. */
function cutLast(log: Buffer): Buffer {
  let [position, before] = [16, 16]
  while (log.readInt32BE(position + 8) > 0) {
    before = position
    position += 12 + log.readInt32BE(position + 8) + 1
  }
  return log.subarray(0, before)
}

describe("Exhibitor's folder", () => {
  const layout = exhibitorLayout()
  const uploads = () => exhibitorUploads(`${FIXTURES}plain/version-2`)

  it('gives the tree, whatever lies beside the logs', async () => {
    const storage = await uploads()
    for (const key of ['log.1', 'log.1/x', 'log.1/1/2', 'log.zz/1', 'snapshot.5/1', 'lock/1', 'log.1/-1']) {
      await storage.put(`exhibitor-backup/${key}`, Buffer.from('?'))
    }
    await storage.put('other/log.1/9', Buffer.from('?'))
    expect(await statesIn(storage, layout)).toMatchObject([{ consistency: 'exact', toZxid: 0x31n }])
    const nodes = await newestTree(storage, layout)
    expect(asClientsSee(nodes)).toEqual(await treeOf('plain'))
    expect(kindsIn(nodes)).toEqual(VARIED_KINDS)
  })

  it('counts the newest upload of each log', async () => {
    const storage = await uploads()
    for (const time of ['999', '1577209077999']) {
      await storage.put(`exhibitor-backup/log.25/${time}`, Buffer.from('an older one'))
    }
    expect(asClientsSee(await newestTree(storage, layout))).toEqual(await treeOf('plain'))
  })

  it('with a hole is refused, and the hole is named; a newer snapshot fills it', async () => {
    const storage = await edited(await uploads(), (key) => (key.includes('/log.d/') ? null : undefined))
    await expect(newestTree(storage, layout)).rejects.toMatchObject({
      code: 'ARCHIVE_CORRUPT',
      message: expect.stringContaining('transactions 0xd to 0x18'),
    })
    const without = await edited(storage, (key) => (key.includes('/log.1/') ? null : undefined))
    await expect(newestTree(without, layout)).rejects.toMatchObject({ message: expect.stringContaining('0x1 to 0x18') })
    const snapshots = { storage: await plain(), prefix: 'version-2' }
    expect(asClientsSee(await newestTree(without, exhibitorLayout({ snapshots })))).toEqual(await treeOf('plain'))
  })
})

describe.each([
  ['zookeeperFilesLayout', LAYOUT, plain],
  ['exhibitorLayout', exhibitorLayout(), () => exhibitorUploads(`${FIXTURES}plain/version-2`)],
] as const)('%s', (_name, layout, files) => {
  it('only reads', async () => {
    const storage = await files()
    const before = (await collected(storage.list(''))).length
    const transport = { fence: null, read: null } as unknown as ZooKeeperTransport
    expect(() => new ZnodeSnapshotter({ zookeeper: anyTransport(transport), storage, layout })).toThrow('only read')
    const pruned = new ZnodeArchive({ storage, layout }).prune({ last: 1 })
    if (layout === LAYOUT) await expect(collected(pruned)).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    const view = layout.over(storage)
    await expect(view.put('x', Buffer.from('x'))).rejects.toMatchObject({ code: 'STORAGE_FAILED', key: 'x' })
    await expect(view.delete('archive.json')).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    expect(await collected(storage.list(''))).toHaveLength(before)
  })

  it('shows its states as a storage shows its objects', async () => {
    const view = layout.over(await files())
    expect(await collected(view.listPrefixes(''))).toEqual(['znodes/'])
    const infos = await collected(view.list('znodes/'))
    const [key = ''] = infos.map((info) => info.key).slice(-1)
    expect(await view.head(key)).toEqual(infos.at(-1))
    expect(await view.head('znodes/other')).toBeUndefined()
    const whole = Buffer.concat(await collected(view.get(key)))
    const part = Buffer.concat(await collected(view.get(key, { startByte: 5, endByte: 1_000 })))
    expect(part.equals(whole.subarray(5, 1_000))).toBe(true)
    await expect(collected(view.get('nothing'))).rejects.toMatchObject({ code: 'OBJECT_NOT_FOUND' })
    expect(await collected(view.list('', { startAfter: key }))).toEqual([])
  })

  it('says so where there is nothing', async () => {
    const storage = new MemoryStorage()
    await storage.put('holiday.jpg', Buffer.from('?'))
    await expect(newestTree(storage, layout)).rejects.toMatchObject({
      code: 'NOT_IN_ARCHIVE',
      hint: expect.stringContaining('prefix'),
    })
  })

  it('ends with the reason of the signal itself', async () => {
    const reason = new Error('stop')
    const archive = new ZnodeArchive({ storage: await files(), layout })
    const nodes = archive.nodes('latest', { signal: AbortSignal.abort(reason) })
    await expect(collected(nodes)).rejects.toBe(reason)
  })
})

function anyTransport(methods: object): ZooKeeperTransport {
  return new Proxy(methods, {
    get: () => () => Promise.reject(new Error('nothing may be asked')),
  }) as ZooKeeperTransport
}

it('rejects wrong options at once', () => {
  const wrong: readonly (readonly [() => unknown, string])[] = [
    [() => zookeeperFilesLayout({ prefixes: 'x' } as object), 'has no option `prefixes`'],
    [() => zookeeperFilesLayout({ prefix: '../x' }), '`prefix` must'],
    [() => zookeeperFilesLayout({ prefix: 5 as unknown as string }), '`prefix` must be a string'],
    [() => zookeeperFilesLayout({ toZxid: 5 as unknown as bigint }), '`toZxid` must be a bigint'],
    [() => zookeeperFilesLayout({ toZxid: 0n }), '`toZxid` must be from 1'],
    [() => zookeeperFilesLayout({ maxTreeBytes: 5 }), '`maxTreeBytes` must be a whole number'],
    [
      () => zookeeperFilesLayout({ logs: { storage: {} as MemoryStorage } }),
      '`logs.storage` must have the method(s) get',
    ],
    [() => zookeeperFilesLayout({ logs: { prefix: 'a//b' } }), '`logs.prefix` must'],
    [() => zookeeperFilesLayout({ logs: null as unknown as object }), 'takes an options object'],
    [() => exhibitorLayout({ prefix: '' }), '`prefix` must be a string that is not empty'],
    [() => exhibitorLayout({ snapshots: { folder: 'x' } as object }), 'has no option `folder`'],
    [() => exhibitorLayout({ logs: {} } as object), 'has no option `logs`'],
  ]
  for (const [call, message] of wrong) {
    expect(call).toThrow(message)
    expect(call).not.toThrow(KafkeepError)
  }
})
