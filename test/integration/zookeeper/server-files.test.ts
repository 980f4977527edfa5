import { join } from 'node:path'
import { exhibitorLayout, FileSystemStorage, ZnodeArchive, ZnodeRestorer, zookeeperFilesLayout } from 'kafkeep'
import { expect, it, onTestFinished } from 'vitest'
import type { Znode } from '../../../src/zookeeper/znode.js'
import type { ZooKeeperService } from '../../services/service.js'
import { startZooKeeper } from '../../services/zookeeper.js'
import { collected } from '../../support/znode-arbitrary.js'
import { transportTo } from '../../support/znodes.js'
import {
  ANN,
  asClientsSee,
  exhibitorUploads,
  FIXTURES,
  kindsIn,
  liveTree,
  newestTree,
  SMALL_FILES,
  setData,
  storedFiles,
  VARIED_KINDS,
  writeVariedTree,
} from '../../support/zookeeper-files.js'

const LAYOUT = zookeeperFilesLayout()

async function server(options: Parameters<typeof startZooKeeper>[0]): Promise<ZooKeeperService> {
  const started = await startZooKeeper(options)
  onTestFinished(() => started.destroy())
  return started
}

function filesOf({ dataDirectory }: ZooKeeperService): FileSystemStorage {
  return new FileSystemStorage({ directory: join(dataDirectory, 'data') })
}

/** What a restore brings back. */
function restored(nodes: readonly Znode[]) {
  return nodes
    .filter(({ path, kind }) => kind !== 'ephemeral' && !path.startsWith('/zookeeper'))
    .map(({ path, data, acl, kind, ttlMs, sequence }) => ({ path, data, acl, kind, ttlMs, sequence }))
}

it.each(['', 'gz', 'snappy'])('reads the tree that a killed server had, with snapshots in %j', async (method) => {
  const killed = await server({ properties: { ...SMALL_FILES, 'snapshot.compression.method': method } })
  const zookeeper = transportTo(killed.connect, { auth: [ANN] })
  await writeVariedTree(zookeeper, killed.connect)
  const seen = await liveTree(zookeeper)
  await killed.kill()
  const rebuilt = await newestTree(filesOf(killed), LAYOUT)
  expect(asClientsSee(rebuilt)).toEqual(seen)
  expect(kindsIn(rebuilt)).toEqual(VARIED_KINDS)
  const uploads = await exhibitorUploads(join(killed.dataDirectory, 'data', 'version-2'))
  expect(await newestTree(uploads, exhibitorLayout())).toEqual(rebuilt)
})

it('restores the kinds of nodes, and reads a server over its kills', async () => {
  const storage = await storedFiles(`${FIXTURES}plain/version-2`)
  const first = await server({ properties: SMALL_FILES })
  const zookeeper = transportTo(first.connect, { auth: [ANN] })
  const restorer = new ZnodeRestorer({ zookeeper, storage, layout: LAYOUT })
  expect(await restorer.run()).toMatchObject({ failed: [] })
  expect(await restorer.run({ onExisting: 'error' })).toMatchObject({ created: 0, updated: 0 })
  await first.kill()
  expect(restored(await newestTree(filesOf(first), LAYOUT))).toEqual(restored(await newestTree(storage, LAYOUT)))

  const { dataDirectory, port } = first
  const second = await server({ properties: SMALL_FILES, dataDirectory, port })
  await setData(zookeeper, '/a', 'after the restart')
  const seen = await liveTree(zookeeper)
  await second.kill()
  const archive = new ZnodeArchive({ storage: filesOf(second), layout: LAYOUT })
  expect(asClientsSee(await collected(archive.nodes('latest')))).toEqual(seen)
  const states = await collected(archive.snapshots())
  expect(states.map(({ consistency }) => consistency)).toEqual(states.map(() => 'exact'))
  expect(await collected(archive.verify())).toEqual([])
})

it('restores nodes with a time to live as persistent ones where the server knows none', async () => {
  const storage = await storedFiles(`${FIXTURES}plain/version-2`)
  const target = await server({})
  const zookeeper = transportTo(target.connect, { auth: [ANN] })
  expect(await new ZnodeRestorer({ zookeeper, storage, layout: LAYOUT }).run()).toMatchObject({ failed: [] })
  await target.kill()
  const nodes = await newestTree(filesOf(target), LAYOUT)
  expect(kindsIn(nodes)).toEqual({ '/box': 'container' })
  expect(nodes.map(({ path }) => path)).toContain('/brief')
})
