import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deleteDirectory, watchedDirectory } from '../test/services/watched-directory.js'
import { startZooKeeper } from '../test/services/zookeeper.js'
import { type Aim, atLeast, atMost, printAims } from './aims.js'
import { buildLibrary } from './build-library.js'
import { machine } from './measure.js'
import { PEAK_COLUMN, peakOf } from './report.js'
import { inTurn, type Result } from './rounds.js'
import { median, printTable, spread, whole } from './table.js'
import { tell } from './tell.js'
import {
  type CandidateId,
  createOneByOne,
  readOneByOne,
  restore,
  snapshot,
  type ZnodeCandidate,
  type ZnodesAtHand,
} from './znodes/candidates.js'
import { storeSyntheticSnapshot } from './znodes/synthetic-snapshot.js'

/** A tree to read and to create. */
interface ZnodeWorkload {
  readonly name: string
  readonly title: string
  /** Nodes with data, a thousand below each parent. */
  readonly leaves: number
  readonly rounds: number
  /** A part tells the rate of what takes so long; 0 leaves it out. */
  readonly oneByOne: number
  aims(results: readonly Measured[]): Aim[]
}

/** What one candidate took. */
interface Measured extends Result<CandidateId> {
  readonly nodes: number
}

const LEAVES_PER_PARENT = 1_000

const WORKLOADS: readonly ZnodeWorkload[] = [
  {
    name: 'rate',
    title: '100,000 znodes of 100 bytes',
    leaves: 100_000,
    rounds: 3,
    oneByOne: 10_000,
    aims: (results) => [
      atLeast('rate', 8_000, 'nodes/s read', figure(results, 'snapshot', rateOf)),
      atLeast('rate', 15_000, 'nodes/s created', figure(results, 'restore', rateOf)),
    ],
  },
  {
    name: 'memory',
    title: '1,000,000 znodes of 100 bytes',
    leaves: 1_000_000,
    rounds: 1,
    oneByOne: 0,
    aims: (results) => [
      atMost('memory', 300, 'MiB resident when read', figure(results, 'snapshot', peakOf)),
      atMost('memory', 300, 'MiB resident when created', figure(results, 'restore', peakOf)),
    ],
  },
]

/** A ZooKeeper server keeps everything in memory, about a kilobyte a node. */
const SERVER_HEAP_MEGABYTES = 3_000

/**
 * Taking snapshots of znodes and restoring them, beside calls of the same client one after the other. Every run is a
 * process of its own and is measured from its start to its end.
 *
 * @param names - Which workloads; none means all.
 */
export async function znodesBench(names: readonly string[]): Promise<void> {
  const unknown = names.find((name) => !WORKLOADS.some((workload) => workload.name === name))
  if (unknown !== undefined) {
    throw new Error(`there is no workload ${unknown}: choose from ${WORKLOADS.map(({ name }) => name).join(', ')}`)
  }
  await buildLibrary()
  console.log(machine())
  const aims: Aim[] = []
  for (const workload of WORKLOADS) {
    if (names.length === 0 || names.includes(workload.name)) aims.push(...workload.aims(await compare(workload)))
  }
  printAims(aims)
}

async function compare(workload: ZnodeWorkload): Promise<readonly Measured[]> {
  const { name, title, leaves, rounds, oneByOne } = workload
  const folder = await watchedDirectory(join(tmpdir(), 'kafkeep-bench-znodes-'))
  const server = await startZooKeeper({ heapMegabytes: SERVER_HEAP_MEGABYTES })
  try {
    tell(`making a snapshot for ${name}`)
    const directory = join(folder, 'made')
    await storeSyntheticSnapshot(directory, leaves)
    const nodes = 1 + leaves / LEAVES_PER_PARENT + leaves
    const tree: ZnodesAtHand = { topic: name, server: server.connect, directory, nodes }
    const rivals = oneByOne === 0 ? [] : [readOneByOne(oneByOne), createOneByOne(oneByOne)]
    const candidates: readonly ZnodeCandidate[] = [restore(tree), snapshot(tree), ...rivals]
    const results = await inTurn(tree, candidates, { rounds })
    const measured = results.map((result, index) => ({ ...result, nodes: candidates[index]?.nodes ?? 0 }))
    console.log(`\n### ${name}: ${title}\n`)
    printMeasured(measured)
    return measured
  } finally {
    await server.destroy()
    await deleteDirectory(folder)
  }
}

function printMeasured(results: readonly Measured[]): void {
  const rows = results.map(({ name, nodes, rounds }) => [
    name,
    whole(nodes),
    spread(rounds.map(({ seconds }) => nodes / seconds)),
    spread(rounds.map(({ cpuSeconds }) => (cpuSeconds / nodes) * 100_000)),
    spread(rounds.map(PEAK_COLUMN.of)),
  ])
  printTable(['', 'nodes', 'nodes/s', 'CPU s for 100,000 nodes', PEAK_COLUMN.heading], rows)
}

function rateOf({ nodes, rounds }: Measured): number {
  return nodes / median(rounds.map(({ seconds }) => seconds))
}

function figure(results: readonly Measured[], id: CandidateId, of: (result: Measured) => number): number | undefined {
  const found = results.find((result) => result.id === id)
  return found && of(found)
}
