// The create half of the bench of znodes: kafkeep's restore beside Burry's way with the same client, and what a million
// nodes take. By itself: `npx tsx bench/znodes/restoring.ts`.
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { CreateMode, createClient } from 'node-zookeeper-client'
import { deleteDirectory, watchedDirectory } from '../../test/services/watched-directory.js'
import { startZooKeeper } from '../../test/services/zookeeper.js'
import { atLeast, atMost, printAims } from '../aims.js'
import { buildLibrary } from '../build-library.js'
import { median, printTable, short, whole } from '../table.js'
import { tell } from '../tell.js'
import { type ProcessCost, timed } from '../timed-process.js'
import { storeSyntheticSnapshot } from './synthetic-snapshot.js'

const NODES = 100_000
const MANY_NODES = 1_000_000
const ROUNDS = 3
/** Burry's way takes so long that a part of the nodes tells its rate. */
const SEQUENTIAL_NODES = 5_000
const MIB = 1_048_576
const program = join(import.meta.dirname, 'restore-znodes-program.mjs')

/** Nodes a second, and the most that was resident. */
interface Restored {
  readonly rate: number
  readonly peakBytes: number
}

async function restoreNodes(connect: string, directory: string): Promise<Restored> {
  const { stdout, peakBytes }: ProcessCost & { stdout: Buffer } = await timed(process.execPath, [
    program,
    JSON.stringify({ connect, directory }),
  ])
  const { created, failed, seconds } = JSON.parse(stdout.toString())
  if (failed > 0) throw new Error(`${failed} nodes could not be restored`)
  return { rate: created / seconds, peakBytes }
}

/** One node after the other, three calls each: Burry looks whether it is there, creates it, and looks once more for its file. */
async function createOneByOne(connect: string): Promise<number> {
  const client = createClient(connect)
  await new Promise<void>((resolve) => {
    client.once('connected', resolve)
    client.connect()
  })
  const [exists, create] = [promisify(client.exists).bind(client), promisify(client.create).bind(client)]
  const { PERSISTENT } = CreateMode
  const data = Buffer.alloc(100, 'x')
  await create('/one-by-one', data, PERSISTENT)
  const startedMs = performance.now()
  for (let node = 0; node < SEQUENTIAL_NODES; node += 1) {
    const path = `/one-by-one/node-${node}`
    if ((await exists(path)) === null) await create(path, data, PERSISTENT)
    await exists(path)
  }
  const seconds = (performance.now() - startedMs) / 1000
  client.close()
  return SEQUENTIAL_NODES / seconds
}

/** Measures the create half and prints it. */
export async function restoringBench(): Promise<void> {
  await buildLibrary()
  const folder = await watchedDirectory(join(tmpdir(), 'kafkeep-bench-znodes-'))
  const server = await startZooKeeper({ heapMegabytes: 3_000 })
  try {
    await storeSyntheticSnapshot(join(folder, 'some'), NODES)
    await storeSyntheticSnapshot(join(folder, 'many'), MANY_NODES)
    const rounds: Restored[] = []
    for (let round = 1; round <= ROUNDS; round += 1) {
      rounds.push(await restoreNodes(`${server.connect}/round-${round}`, join(folder, 'some')))
      tell(`round ${round}: ${whole(rounds.at(-1)?.rate ?? 0)} nodes a second`)
    }
    const oneByOne = await createOneByOne(server.connect)
    const many = await restoreNodes(`${server.connect}/many`, join(folder, 'many'))
    const rate = median(rounds.map((round) => round.rate))
    printTable(
      ['', 'nodes', 'nodes a second', 'peak resident MiB'],
      [
        ['kafkeep', whole(NODES), whole(rate), short(Math.max(...rounds.map((round) => round.peakBytes)) / MIB)],
        ['kafkeep', whole(MANY_NODES), whole(many.rate), short(many.peakBytes / MIB)],
        ["Burry's way: exists, create, a third call", whole(SEQUENTIAL_NODES), whole(oneByOne), ''],
      ],
    )
    printAims([
      atLeast('znodes', 15_000, 'nodes created a second', rate),
      atMost('a million znodes', 300, 'MiB resident', many.peakBytes / MIB),
    ])
    await deleteDirectory(folder)
  } finally {
    await server.destroy()
  }
}

if (process.argv[1] === import.meta.filename) await restoringBench()
