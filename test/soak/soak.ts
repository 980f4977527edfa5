import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startKafka4 } from '../services/kafka4.js'
import { reaper } from '../services/reaper.js'
import type { KafkaService, ZooKeeperService } from '../services/service.js'
import { deleteDirectory, watchedDirectory } from '../services/watched-directory.js'
import { startZooKeeper } from '../services/zookeeper.js'
import { killOften, killSeed } from '../support/kill-loop.js'
import type { SoakCommand } from './command.js'
import { killedArchiver } from './killed-archiver.js'
import { killedRestorer } from './killed-restorer.js'
import { killedZnodes } from './killed-znodes.js'
import { SoakCluster } from './soak-cluster.js'
import type { Soaked } from './soaked.js'

const CHECK_EVERY = 50
const TELL_EVERY = 10

/**
 * Kills so often, and checks now and then. What was started and written is gone when it ends, also when it is
 * interrupted; but when something is found wrong, what was archived stays.
 */
export async function soak({ subject, kills }: SoakCommand): Promise<void> {
  const seed = killSeed(process.env)
  const victim = subject === 'znodes' ? 'snapshotter and restorer of znodes in turn' : subject
  tell(`the ${victim} is killed ${kills} times; at the same instants again with KAFKEEP_KILL_SEED=${seed}`)
  const server = subject === 'znodes' ? await startZooKeeper() : await startKafka4()
  const folder = await watchedDirectory(join(tmpdir(), 'kafkeep-soak-'))
  try {
    const soaked = await soakedOf(subject, server, folder)
    await killAndCheck(soaked, { kills, seed })
    await deleteDirectory(folder)
  } catch (error) {
    reaper().spare(folder)
    tell(`what was archived stays in ${folder}`)
    throw error
  } finally {
    await server.destroy()
  }
}

async function soakedOf(
  subject: SoakCommand['subject'],
  server: KafkaService | ZooKeeperService,
  folder: string,
): Promise<Soaked> {
  if (!('brokers' in server)) return killedZnodes(server.connect, folder)
  const cluster = new SoakCluster(server.brokers)
  if (subject === 'restorer') return killedRestorer(cluster, folder)
  return killedArchiver(cluster, {
    directory: join(folder, 'killed'),
    undisturbedDirectory: join(folder, 'undisturbed'),
  })
}

async function killAndCheck(
  soaked: Soaked,
  { kills, seed }: { readonly kills: number; readonly seed: string },
): Promise<void> {
  const { latestKillMs } = soaked
  let late = 0
  await killOften(() => soaked.next(), {
    ...{ kills, seed, latestKillMs },
    async afterKill(count, end) {
      if (end === 'by-itself') late++
      await soaked.afterKill(end)
      if (count % TELL_EVERY === 0) tell(`${count} of ${kills} kills, ${late} of them when the run was over`)
      if (count % CHECK_EVERY === 0 || count === kills) tell(`after ${count} kills ${await soaked.check()}`)
    },
  })
}

function tell(sentence: string): void {
  process.stdout.write(`${sentence}\n`)
}
