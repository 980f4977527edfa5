import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { javaArguments, javaExecutable } from '../../test/services/java.js'
import { leaveOut } from '../report.js'
import type { Candidate } from '../rounds.js'
import { timed } from '../timed-process.js'
import type { ArchiveCandidate } from './candidate.js'

const HEAP_MEGABYTES = 256
const TIMEOUT_MS = 60_000

/** kcat, where it is installed; else it is said that it is left out. */
export async function kcatIfInstalled(): Promise<readonly Candidate<'kcat'>[]> {
  const version = await promisify(execFile)('kcat', ['-V']).catch(() => undefined)
  if (version !== undefined) return [kcat()]
  leaveOut('kcat', 'install it (Debian: `apt-get install -y kcat`; macOS: `brew install kcat`)')
  return []
}

/** kcat, which is librdkafka in C, reading to nowhere. */
function kcat(): Candidate<'kcat'> {
  return {
    id: 'kcat',
    name: 'kcat to nowhere',
    async run({ brokers, topic, records }) {
      // One dot a record, to be counted; that costs no more than printing nothing.
      const options = ['-C', '-b', brokers, '-t', topic, '-o', 'beginning', '-e', '-q', '-f', '.']
      const { stdout, ...cost } = await timed('kcat', options)
      if (stdout.length === records) return cost
      throw new Error(`kcat read ${stdout.length} records of ${records}`)
    },
  }
}

/**
 * Kafka's own consumer as its own bench runs it. The flags for a quick start of Java, which the tests use, leave it as
 * fast as those of Kafka's script do, and smaller.
 */
export function consumerPerfTest(): ArchiveCandidate {
  return {
    id: 'perf-test',
    name: 'kafka-consumer-perf-test to nowhere',
    async run({ brokers, topic, records }) {
      const job = ['--bootstrap-server', brokers, '--topic', topic, '--num-records', String(records)]
      const args = await javaArguments({
        jars: 'kafka4',
        mainClass: 'org.apache.kafka.tools.ConsumerPerformance',
        args: [...job, '--timeout', String(TIMEOUT_MS)],
        heapMegabytes: HEAP_MEGABYTES,
        logs: 'tool',
      })
      const { stdout, ...cost } = await timed(javaExecutable(), args)
      // start.time, end.time, data.consumed.in.MB, MB.sec, data.consumed.in.nMsg, ...
      const consumed = Number(stdout.toString().trim().split('\n').at(-1)?.split(',')[4])
      if (consumed === records) return cost
      throw new Error(`kafka-consumer-perf-test read ${consumed} records of ${records}:\n${stdout}`)
    },
  }
}
