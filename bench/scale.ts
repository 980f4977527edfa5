import { fileURLToPath } from 'node:url'
import { machine } from './measure.js'
import type { ScaleOutcome } from './scale/scale-outcome.js'
import { printTable, short, whole } from './table.js'
import { timed } from './timed-process.js'

const PROGRAM = fileURLToPath(new URL('./scale/program.ts', import.meta.url))

const PARTITIONS = [1_000, 10_000, 100_000]
const PARTITIONS_PER_TOPIC = 1_000
const SEGMENTS_PER_PARTITION = 10
const MIB = 1_048_576

const COLUMNS = [
  ...['partitions', 'segments', 'seconds', 'CPU s', 'calls to Kafka', 'calls to the storage'],
  'heap MiB kept by the run',
]

/**
 * What it takes to go on with an archive of many partitions and segments of which nothing is new. The cluster is made
 * up and the archive is in memory, so all the time is the archiver's own.
 *
 * @param args - Numbers of partitions, in thousands of which each topic has one.
 */
export async function scaleBench(args: readonly string[]): Promise<void> {
  const sizes = args.length === 0 ? PARTITIONS : args.map(Number)
  if (sizes.some((size) => !(size > 0) || size % PARTITIONS_PER_TOPIC !== 0)) {
    throw new Error(`numbers of partitions must be multiples of ${PARTITIONS_PER_TOPIC}, got ${args.join(', ')}`)
  }
  console.log(`${machine()}\n`)
  const rows: string[][] = []
  for (const partitions of sizes) {
    const outcome = await resume(partitions / PARTITIONS_PER_TOPIC)
    rows.push([
      ...[partitions, partitions * SEGMENTS_PER_PARTITION].map(whole),
      ...[outcome.seconds, outcome.cpuSeconds].map(short),
      ...[outcome.kafkaCalls, outcome.storageCalls].map(whole),
      whole(outcome.retainedBytes / MIB),
    ])
  }
  printTable(COLUMNS, rows)
}

async function resume(topics: number): Promise<ScaleOutcome> {
  const size = [topics, PARTITIONS_PER_TOPIC, SEGMENTS_PER_PARTITION].map(String)
  const { stdout } = await timed(process.execPath, ['--import', 'tsx', PROGRAM, ...size])
  return JSON.parse(stdout.toString())
}
