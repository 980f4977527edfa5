import { type Aim, atLeast, atMost } from '../aims.js'
import { cpuOf, peakOf, rateOf } from '../report.js'
import type { FilledTopic } from '../topics/fill-topic.js'
import type { ArchiveResult, CandidateId } from './candidate.js'

/** Everything that was measured on one topic. */
export interface Measured {
  readonly topic: FilledTopic
  readonly results: readonly ArchiveResult[]
}

/** The default of `TopicArchiver`, and what a Node process with the clients may take beside it. */
const MEMORY_MIB = 256 + 120

/** What kafkeep is meant to reach on one topic. */
export function archiveAims({ topic, results }: Measured): Aim[] {
  const measured = (id: CandidateId, figure: (result: ArchiveResult, topic: FilledTopic) => number) => {
    const result = results.find((candidate) => candidate.id === id)
    return result && figure(result, topic)
  }
  const rates = (one: CandidateId, other: CandidateId) => {
    const [first, second] = [measured(one, rateOf), measured(other, rateOf)]
    return first && second && first / second
  }
  const { name } = topic.workload
  return [
    ...(name === 'plain' ? [atLeast(name, 1, 'times the rate of kcat', rates('files', 'kcat'))] : []),
    ...(name === 'zstd' ? [atLeast(name, 2.5, 'times the rate of kcat', rates('files', 'kcat'))] : []),
    atLeast(name, 3, 'times the rate of kafka-consumer-perf-test', rates('files', 'perf-test')),
    ...(name === 'plain'
      ? [
          atLeast(name, 0.7, 'times the rate to files when it goes to S3', rates('s3', 'files')),
          atMost(name, 1.8, 'CPU s a GB to files', measured('files', cpuOf)),
        ]
      : []),
    atMost(name, MEMORY_MIB, 'MiB resident to files', measured('files', peakOf)),
    atMost(name, MEMORY_MIB, 'MiB resident to S3', measured('s3', peakOf)),
  ]
}
