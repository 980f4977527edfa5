import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FileSystemStorage, TopicArchiver } from 'kafkeep'
import { startKafka4 } from '../test/services/kafka4.js'
import { deleteDirectory, watchedDirectory } from '../test/services/watched-directory.js'
import { atLeast, printAims } from './aims.js'
import { ARCHIVE_WORKLOADS } from './archive/workloads.js'
import { buildLibrary } from './build-library.js'
import { transportOf } from './cluster.js'
import { machine } from './measure.js'
import { cpuColumn, PEAK_COLUMN, printResults, rateColumns, rateOf } from './report.js'
import { type Candidate, inTurn } from './rounds.js'
import { tell } from './tell.js'
import { timed } from './timed-process.js'
import { type FilledTopic, fillTopic } from './topics/fill-topic.js'
import { workloadsNamed } from './topics/workload.js'

const PROGRAM = fileURLToPath(new URL('./read/verify-program.mjs', import.meta.url))
/** A deep verification reads everything: it should not take twice as long as that. */
const SHARE_OF_READING = 0.5

/** What reads an archive. */
type ReaderId = 'verify' | 'read' | 'cat'

/**
 * Verifying archives deeply, beside those that only read the same files: the storage by itself, and `cat`. Every run is a process of its own and is
 * measured from its start to its end.
 *
 * @param names - Which workloads; none means all.
 */
export async function readBench(names: readonly string[]): Promise<void> {
  const workloads = workloadsNamed(ARCHIVE_WORKLOADS, names)
  await buildLibrary()
  const broker = await startKafka4()
  const directory = await watchedDirectory(join(tmpdir(), 'kafkeep-bench-read-'))
  try {
    console.log(machine())
    for (const workload of workloads) {
      const archive = join(directory, workload.name)
      await using kafka = transportOf(broker.brokers)
      tell(`filling and archiving topic ${workload.name}`)
      const topic = await fillTopic(kafka, broker.brokers.join(','), workload)
      const storage = new FileSystemStorage({ directory: archive })
      const { complete } = await new TopicArchiver({ kafka, storage }).run({ topics: [workload.name], groups: false })
      if (!complete) throw new Error(`topic ${workload.name} was not archived as a whole`)
      const results = await inTurn(topic, readersOf(archive))
      printResults(topic, results, [...rateColumns(topic), cpuColumn(topic), PEAK_COLUMN])
      const rate = (id: ReaderId) =>
        results.filter((result) => result.id === id).map((result) => rateOf(result, topic))[0]
      const [ours, theirs] = [rate('verify'), rate('read')]
      const share = ours === undefined || theirs === undefined ? undefined : ours / theirs
      printAims([atLeast(workload.name, SHARE_OF_READING, 'of the rate at which the files are read', share)])
    }
  } finally {
    await deleteDirectory(directory)
    await broker.destroy()
  }
}

function readersOf(directory: string): readonly Candidate<ReaderId, FilledTopic>[] {
  const program = async (verify: boolean) => {
    const { stdout, ...cost } = await timed(process.execPath, [PROGRAM, JSON.stringify({ directory, verify })])
    if (stdout.length > 0) throw new Error(`a new archive is not as it must be: ${stdout}`)
    return cost
  }
  return [
    { id: 'verify', name: 'kafkeep, verify with deep', run: () => program(true) },
    { id: 'read', name: 'every file read by the same storage, to nowhere', run: () => program(false) },
    {
      id: 'cat',
      name: 'cat, to nowhere',
      async run() {
        const { stdout: _, ...cost } = await timed('sh', [
          '-c',
          'find "$0" -type f -exec cat {} + > /dev/null',
          directory,
        ])
        return cost
      },
    },
  ]
}
