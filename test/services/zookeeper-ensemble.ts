import { eventually } from '../support/eventually.js'
import { ClusterNode, destroyAll, startTogether } from './cluster-node.js'
import { fourLetterWord } from './four-letter-word.js'
import { freePort, LOOPBACK } from './ports.js'
import { startZooKeeperProcess } from './zookeeper.js'

const SERVER_IDS = [1, 2, 3] as const
const ELECTION_LIMIT_MS = 30_000

/** A running ensemble of three servers. */
export interface ZooKeeperEnsemble {
  /** Connect string with the three servers, whether they run or not. */
  readonly connect: string
  readonly servers: readonly ClusterNode[]
  /** The server that leads, once there is one. */
  leader(): Promise<ClusterNode>
  /** The servers that run and follow the leader. */
  followers(): Promise<readonly ClusterNode[]>
  /** Kills all servers and deletes their data. */
  destroy(): Promise<void>
}

/** Starts a ZooKeeper 3.9 ensemble of three servers. */
export async function startZooKeeperEnsemble(): Promise<ZooKeeperEnsemble> {
  const members: Record<string, string> = {
    // In ticks: a follower that is halted for a moment is not given up.
    initLimit: '20',
    syncLimit: '20',
  }
  for (const id of SERVER_IDS) members[`server.${id}`] = `${LOOPBACK}:${await freePort()}:${await freePort()}`
  const servers: ClusterNode[] = []
  for (const id of SERVER_IDS) {
    const port = await freePort()
    servers.push(
      new ClusterNode({
        id,
        port,
        start: (options) =>
          startZooKeeperProcess({ ...options, port, myId: id, heapMegabytes: 160, properties: members }),
      }),
    )
  }
  await startTogether(servers)
  const inMode = async (mode: 'leader' | 'follower') => {
    const running = servers.filter((server) => server.running)
    const modes = await Promise.all(running.map(modeOf))
    return running.filter((_, index) => modes[index] === mode)
  }
  return {
    connect: servers.map(({ address }) => address).join(','),
    servers,
    leader: () =>
      eventually(
        async () => {
          const [leader] = await inMode('leader')
          if (leader === undefined) throw new Error('the ensemble has no leader')
          return leader
        },
        { limitMs: ELECTION_LIMIT_MS },
      ),
    followers: () => inMode('follower'),
    destroy: () => destroyAll(servers),
  }
}

/** Servers that are electing say nothing of a mode. */
async function modeOf({ address }: ClusterNode): Promise<string | undefined> {
  return /^Mode: (\w+)$/m.exec(await fourLetterWord(address, 'srvr'))?.[1]
}
