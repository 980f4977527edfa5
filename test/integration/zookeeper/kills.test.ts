import { FileSystemStorage, ZnodeRestorer, ZnodeSnapshotter } from 'kafkeep'
import { beforeAll, describe, expect, it } from 'vitest'
import { killOften, killSeed } from '../../support/kill-loop.js'
import { KILLED_AUTH, makeKilledTree, settableLines } from '../../support/killed-tree.js'
import { services } from '../../support/services.js'
import { temporaryFolders } from '../../support/temporary-folders.js'
import { ownChroot, transportTo } from '../../support/znodes.js'

const KILLS = 10
/** About as long as a run takes, so that kills come everywhere in it, and some too late. */
const LATEST_KILL_MS = 1_500

describe('a restore of znodes that is killed with SIGKILL at any instant', { timeout: 300_000 }, () => {
  const temporaryFolder = temporaryFolders()
  const seed = killSeed(process.env)

  beforeAll(() => {
    process.stdout.write(`to kill at the same instants again: KAFKEEP_KILL_SEED=${seed}\n`)
  })

  it('is completed by the next run: the tree is as it was in everything that a client can set', async () => {
    const directory = await temporaryFolder()
    const storage = new FileSystemStorage({ directory })
    const source = transportTo(await ownChroot(services().zookeeper.connect), { auth: KILLED_AUTH })
    await makeKilledTree(source)
    await new ZnodeSnapshotter({ zookeeper: source, storage }).run()
    const expected = await settableLines(source)
    const chroot = await ownChroot(services().zookeeper.connect)
    const target = (round: number) => `${chroot}/target-${round}`
    let round = 0
    let killed = 0
    await killOften(() => ({ verb: 'restore-znodes', connect: target(round), directory }), {
      ...{ kills: KILLS, latestKillMs: LATEST_KILL_MS, seed },
      async afterKill(_, end) {
        if (end === 'killed') killed += 1
        else {
          expect(await settableLines(transportTo(target(round), { auth: KILLED_AUTH }))).toEqual(expected)
          round += 1
        }
      },
    })
    expect(killed).toBeGreaterThan(0)
    const zookeeper = transportTo(target(round), { auth: KILLED_AUTH })
    expect(await new ZnodeRestorer({ zookeeper, storage }).run({ versions: true })).toMatchObject({ failed: [] })
    expect(await settableLines(zookeeper)).toEqual(expected)
  })
})
