import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { deleteDirectory, watchedDirectory } from '../test/services/watched-directory.js'
import { type Aim, atLeast, atMost, printAims } from './aims.js'
import { buildLibrary } from './build-library.js'
import { machine } from './measure.js'
import { PEAK_COLUMN, peakOf } from './report.js'
import { type Candidate, inTurn, type Result } from './rounds.js'
import { type SyntheticBucket, storeSyntheticBucket } from './spredfast/synthetic-bucket.js'
import { median, printTable, spread, whole } from './table.js'
import { tell } from './tell.js'
import { type ProcessCost, timed } from './timed-process.js'

const PROGRAM = fileURLToPath(new URL('./spredfast/read-program.mjs', import.meta.url))
const RECORDS = 400_000
/** Far less than what the file holds, and more than one of its chunks. */
const MAX_RESIDENT_MIB = 300

/** What reads the bucket. */
type ReaderId = 'batches' | 'records' | 'gunzip'

/**
 * Reading an archive of the spredfast connector from files, beside gunzip on the same files. Every run is a process of
 * its own and is measured from its start to its end.
 */
export async function spredfastBench(): Promise<void> {
  await buildLibrary()
  const directory = await watchedDirectory(join(tmpdir(), 'kafkeep-bench-spredfast-'))
  try {
    console.log(machine())
    tell('writing the bucket')
    const bucket = await storeSyntheticBucket(directory, 'spredfast', RECORDS)
    const results = await inTurn(bucket, readersOf(directory))
    print(bucket, results)
  } finally {
    await deleteDirectory(directory)
  }
}

function readersOf(directory: string): readonly Candidate<ReaderId, SyntheticBucket>[] {
  const read = async ({ topic, records }: SyntheticBucket, decode: boolean) => {
    const { stdout, ...cost } = await timed(process.execPath, [PROGRAM, JSON.stringify({ directory, topic, decode })])
    if (Number(stdout) !== records) throw new Error(`of ${records} records ${stdout} were read`)
    return cost
  }
  return [
    { id: 'batches', name: 'kafkeep, as batches (what a restore reads)', run: (bucket) => read(bucket, false) },
    { id: 'records', name: 'kafkeep, as records', run: (bucket) => read(bucket, true) },
    {
      id: 'gunzip',
      name: 'gunzip, to nowhere',
      async run() {
        const command = 'find "$0" -name "*.gz" -exec gunzip -c {} + > /dev/null'
        const { stdout: _, ...cost } = await timed('sh', ['-c', command, directory])
        return cost
      },
    },
  ]
}

function print(bucket: SyntheticBucket, results: readonly Result<ReaderId>[]): void {
  const { records, framedBytes, fileBytes, chunks } = bucket
  const perCpuSecond = ({ cpuSeconds }: ProcessCost) => framedBytes / 1e6 / cpuSeconds
  console.log(`\n### One file of ${whole(records)} records of 1 KiB\n`)
  console.log(`${chunks} chunks, ${whole(framedBytes / 1e6)} MB framed, ${whole(fileBytes / 1e6)} MB in the file.\n`)
  const rows = results.map(({ name, rounds }) => [
    name,
    spread(rounds.map(({ seconds }) => framedBytes / 1e6 / seconds)),
    spread(rounds.map(perCpuSecond)),
    spread(rounds.map(PEAK_COLUMN.of)),
  ])
  printTable(['', 'MB/s', 'MB a CPU second', PEAK_COLUMN.heading], rows)
  const figure = (id: ReaderId, of: (result: Result) => number) => results.filter((r) => r.id === id).map(of)[0]
  const rate = ({ rounds }: Result) => median(rounds.map(perCpuSecond))
  const aims: Aim[] = [
    atLeast('spredfast', 100, 'MB framed in a CPU second', figure('batches', rate)),
    atMost('spredfast', MAX_RESIDENT_MIB, 'MiB resident', figure('batches', peakOf)),
  ]
  printAims(aims)
}
