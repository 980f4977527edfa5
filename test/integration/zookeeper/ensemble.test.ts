import {
  type ArchiveStorage,
  MemoryStorage,
  ZnodeArchive,
  ZnodeRestorer,
  ZnodeSnapshotter,
  type ZooKeeperTransport,
} from 'kafkeep'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { znodeToJson } from '../../../src/codec/znode-json.js'
import { OPEN_ACL } from '../../../src/zookeeper/acl.js'
import { startZooKeeperEnsemble, type ZooKeeperEnsemble } from '../../services/zookeeper-ensemble.js'
import { collected } from '../../support/znode-arbitrary.js'
import { ownChroot, seed, transportTo } from '../../support/znodes.js'

const NODES = 20_000
const BATCH = 500

let ensemble: ZooKeeperEnsemble

beforeAll(async () => {
  ensemble = await startZooKeeperEnsemble()
})

afterEach(async () => {
  await Promise.all(ensemble.servers.map((server) => server.start()))
})

afterAll(() => ensemble.destroy())

/** Creates `count` nodes: folders of a hundred, some with data, one queue among them. */
async function fill(zookeeper: ZooKeeperTransport, count: number): Promise<void> {
  const paths = Array.from({ length: count }, (_, index) => {
    const folder = `/folder-${String(Math.floor(index / 100)).padStart(5, '0')}`
    return index % 100 === 0 ? folder : `${folder}/node-${index % 100}`
  })
  for (let start = 0; start < count; start += BATCH) {
    const operations = paths.slice(start, start + BATCH).map((path, index) => {
      const data = index % 3 === 0 ? null : Buffer.from(`data of ${path}`)
      return { type: 'create', path, data, acl: OPEN_ACL } as const
    })
    expect(await zookeeper.commit(operations)).toMatchObject({ committed: true })
  }
}

/** The nodes of the newest snapshot, each as its line. */
async function linesIn(storage: ArchiveStorage): Promise<string[]> {
  return (await collected(new ZnodeArchive({ storage }).nodes('latest'))).map(znodeToJson)
}

/** The nodes that are there now, read in peace. */
async function linesOf(zookeeper: ZooKeeperTransport): Promise<string[]> {
  const storage = new MemoryStorage()
  await new ZnodeSnapshotter({ zookeeper, storage }).run()
  return linesIn(storage)
}

/** The lines in which two lists differ: the runner would take minutes to show two long ones. */
function differences(one: readonly string[], other: readonly string[]): string[] {
  const [ones, others] = [new Set(one), new Set(other)]
  return [...one.filter((line) => !others.has(line)), ...other.filter((line) => !ones.has(line))].slice(0, 10)
}

describe('an ensemble whose leader is lost', () => {
  it('during a snapshot: it goes on with the new leader, holds the whole tree, and says that it is settled', async () => {
    const connect = await ownChroot(ensemble.connect)
    const zookeeper = transportTo(connect)
    await fill(zookeeper, NODES)
    const before = await linesOf(zookeeper)
    const storage = new MemoryStorage()
    const lost = await ensemble.leader()
    let killed: Promise<void> | undefined
    for await (const event of new ZnodeSnapshotter({ zookeeper, storage }).stream()) {
      if (event.type === 'nodes' && event.done > NODES / 2) killed ??= lost.kill()
    }
    await killed
    const [summary] = await collected(new ZnodeArchive({ storage }).snapshots())
    expect(summary).toMatchObject({ nodes: NODES + 1, unreadable: [], consistency: 'settled' })
    expect(differences(await linesIn(storage), before)).toEqual([])
    expect((await ensemble.leader()).id).not.toBe(lost.id)
  })

  it('during a restore: it ends complete, with nothing failed', async () => {
    const source = transportTo(await ownChroot(ensemble.connect))
    const target = transportTo(await ownChroot(ensemble.connect))
    await fill(source, NODES)
    const storage = new MemoryStorage()
    await new ZnodeSnapshotter({ zookeeper: source, storage }).run()
    const restorer = new ZnodeRestorer({ zookeeper: target, storage })
    const lost = await ensemble.leader()
    let killed: Promise<void> | undefined
    const events = restorer.stream()
    let next = await events.next()
    for (; next.done !== true; next = await events.next()) {
      if (next.value.done > next.value.total / 3) killed ??= lost.kill()
    }
    await killed
    expect(next.value).toMatchObject({ failed: [], skipped: [] })
    expect(killed).toBeDefined()
    expect((await ensemble.leader()).id).not.toBe(lost.id)
    const scratch = new MemoryStorage()
    const { id } = await new ZnodeSnapshotter({ zookeeper: target, storage: scratch }).run()
    const restored = await collected(new ZnodeArchive({ storage: scratch }).nodes(id))
    expect(restored).toHaveLength(NODES + 1)
    const settable = ({ path, data, acl, sequence }: (typeof restored)[number]) =>
      JSON.stringify([path, data && Buffer.from(data).toString('base64'), acl, sequence])
    const wanted = await collected(new ZnodeArchive({ storage }).nodes('latest'))
    expect(differences(restored.map(settable), wanted.map(settable))).toEqual([])
    expect(await restorer.run()).toMatchObject({ created: 0, updated: 0, kept: NODES + 1, failed: [] })
  })
})

describe('a follower that is behind', () => {
  it('gives a snapshot no older than the moment it was asked for', async () => {
    const ROUNDS = 5
    const WRITES = 6
    const connect = await ownChroot(ensemble.connect)
    const chroot = connect.slice(connect.indexOf('/'))
    const [follower] = await ensemble.followers()
    const leader = await ensemble.leader()
    if (follower === undefined) throw new Error('the ensemble has no follower')
    const behind = transportTo(`${follower.address}${chroot}`)
    const ahead = transportTo(`${leader.address}${chroot}`)
    for (let round = 0; round < ROUNDS; round += 1) {
      // The session must be there before: to make one the follower would have to catch up.
      await behind.fence()
      const storage = new MemoryStorage()
      process.kill(follower.pid, 'SIGSTOP')
      let snapshot: Promise<unknown>
      try {
        const top = `/round-${round}`
        await seed(ahead, [{ path: top }])
        for (let write = 0; write < WRITES; write += 1) {
          const operations = Array.from({ length: BATCH }, (_, index) => {
            return { type: 'create', path: `${top}/${write}-${index}`, data: null, acl: OPEN_ACL } as const
          })
          expect(await ahead.commit(operations)).toMatchObject({ committed: true })
        }
        snapshot = new ZnodeSnapshotter({ zookeeper: behind, storage }).run({ roots: [top] })
      } finally {
        process.kill(follower.pid, 'SIGCONT')
      }
      await snapshot
      expect(await linesIn(storage)).toHaveLength(2 + WRITES * BATCH)
    }
  })
})
