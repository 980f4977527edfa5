import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FileSystemStorage, TopicArchiver } from 'kafkeep'
import { startKafka4 } from '../test/services/kafka4.js'
import { deleteDirectory, watchedDirectory } from '../test/services/watched-directory.js'
import { atLeast, printAims } from './aims.js'
import { kcatIfInstalled } from './archive/rivals.js'
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

const PROGRAM = fileURLToPath(new URL('./read/read-program.mjs', import.meta.url))
/** Nothing should take twice as long as what it is compared with. */
const SHARE = 0.5

/** What reads an archive, or its topic. */
type ReaderId = 'verify' | 'read' | 'cat' | 'records' | 'compare' | 'kcat'

/** Ways of kafkeep, which are compared with another reader. */
const AIMS: readonly { readonly id: ReaderId; readonly beside: ReaderId; readonly what: string }[] = [
  { id: 'verify', beside: 'read', what: 'of the rate at which the files are read, for verify' },
  { id: 'compare', beside: 'kcat', what: 'of the rate of kcat, for compare' },
  { id: 'records', beside: 'kcat', what: 'of the rate of kcat, for records' },
]

/**
 * Reading archives. Verifying them deeply is beside those that only read the same files: the storage by itself, and
 * `cat`. Iterating their records, and comparing them with the topic, is beside kcat, which reads the topic. Every run is
 * a process of its own and is measured from its start to its end.
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
    const others = await kcatIfInstalled()
    for (const workload of workloads) {
      const archive = join(directory, workload.name)
      await using kafka = transportOf(broker.brokers)
      tell(`filling and archiving topic ${workload.name}`)
      const topic = await fillTopic(kafka, broker.brokers.join(','), workload)
      const storage = new FileSystemStorage({ directory: archive })
      const { complete } = await new TopicArchiver({ kafka, storage }).run({ topics: [workload.name], groups: false })
      if (!complete) throw new Error(`topic ${workload.name} was not archived as a whole`)
      const results = await inTurn<ReaderId, FilledTopic>(topic, [...readersOf(archive), ...others])
      printResults(topic, results, [...rateColumns(topic), cpuColumn(topic), PEAK_COLUMN])
      const rate = (id: ReaderId) =>
        results.filter((result) => result.id === id).map((result) => rateOf(result, topic))[0]
      const aims = AIMS.map(({ id, beside, what }) => {
        const [ours, theirs] = [rate(id), rate(beside)]
        const share = ours === undefined || theirs === undefined ? undefined : ours / theirs
        return atLeast(workload.name, SHARE, what, share)
      })
      printAims(aims)
    }
  } finally {
    await deleteDirectory(directory)
    await broker.destroy()
  }
}

function readersOf(directory: string): readonly Candidate<ReaderId, FilledTopic>[] {
  const program = (how: ReaderId) => async (topic: FilledTopic) => {
    const { brokers, topic: name, records } = topic
    const job = JSON.stringify({ directory, how, brokers, topic: name, records })
    const { stdout, ...cost } = await timed(process.execPath, [PROGRAM, job])
    if (stdout.length > 0) throw new Error(`a new archive is not as it must be: ${stdout}`)
    return cost
  }
  return [
    { id: 'verify', name: 'kafkeep, verify with deep', run: program('verify') },
    { id: 'read', name: 'every file read by the same storage, to nowhere', run: program('read') },
    { id: 'records', name: 'kafkeep, every record of the archive', run: program('records') },
    { id: 'compare', name: 'kafkeep, compare with the topic', run: program('compare') },
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
