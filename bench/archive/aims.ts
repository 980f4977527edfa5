import type { CandidateId, Result } from './candidate.js'
import type { FilledTopic } from './fill-topic.js'
import { cpuOf, peakOf, rateOf } from './report.js'

/** Everything that was measured on one topic. */
export interface Measured {
  readonly topic: FilledTopic
  readonly results: readonly Result[]
}

/** A figure to reach; `undefined` where it was not measured. */
interface Aim {
  readonly what: string
  readonly figure: number | undefined
  readonly reached: boolean
}

/** The default of `TopicArchiver`, and what a Node process with the clients may take beside it. */
const MEMORY_MIB = 256 + 120

/** Prints what kafkeep is meant to reach, and whether it has. */
export function printAims(all: readonly Measured[]): void {
  console.log('\n### Aims\n')
  for (const measured of all) {
    for (const { what, figure, reached } of aimsOf(measured)) {
      const verdict = figure === undefined ? 'not measured' : `${figure.toFixed(2)}, ${reached ? '' : 'NOT '}reached`
      console.log(`- ${measured.topic.workload.name}: ${what}: ${verdict}`)
    }
  }
}

function aimsOf({ topic, results }: Measured): Aim[] {
  const measured = (id: CandidateId, figure: (result: Result, topic: FilledTopic) => number) => {
    const result = results.find((candidate) => candidate.id === id)
    return result && figure(result, topic)
  }
  const rates = (one: CandidateId, other: CandidateId) => {
    const [first, second] = [measured(one, rateOf), measured(other, rateOf)]
    return first && second && first / second
  }
  const { name } = topic.workload
  return [
    ...(name === 'plain' ? [atLeast(1, 'times the rate of kcat', rates('files', 'kcat'))] : []),
    ...(name === 'zstd' ? [atLeast(2.5, 'times the rate of kcat', rates('files', 'kcat'))] : []),
    atLeast(3, 'times the rate of kafka-consumer-perf-test', rates('files', 'perf-test')),
    ...(name === 'plain'
      ? [
          atLeast(0.7, 'times the rate to files when it goes to S3', rates('s3', 'files')),
          atMost(1.8, 'CPU s a GB to files', measured('files', cpuOf)),
        ]
      : []),
    atMost(MEMORY_MIB, 'MiB resident to files', measured('files', peakOf)),
    atMost(MEMORY_MIB, 'MiB resident to S3', measured('s3', peakOf)),
  ]
}

function atLeast(wanted: number, what: string, figure: number | undefined): Aim {
  return { what: `at least ${wanted} ${what}`, figure, reached: figure !== undefined && figure >= wanted }
}

function atMost(wanted: number, what: string, figure: number | undefined): Aim {
  return { what: `at most ${wanted} ${what}`, figure, reached: figure !== undefined && figure <= wanted }
}
