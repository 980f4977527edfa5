import { type Aim, atLeast, atMost } from '../aims.js'
import { cpuOf, peakOf, rateOf } from '../report.js'
import type { Result } from '../rounds.js'
import { median } from '../table.js'
import type { ArchivedTopic } from './archived-topic.js'
import type { CandidateId } from './candidates.js'

/** Everything that was measured on one topic. */
export interface Measured {
  readonly topic: ArchivedTopic
  readonly results: readonly Result<CandidateId>[]
}

type Figure = (result: Result, topic: ArchivedTopic) => number

/** What kafkeep is meant to reach, of what was measured. */
export function restoreAims(all: readonly Measured[]): Aim[] {
  const measured = (name: string, id: CandidateId, figure: Figure): number | undefined => {
    const found = all.find(({ topic }) => topic.workload.name === name)
    const result = found?.results.find((candidate) => candidate.id === id)
    return found && result && figure(result, found.topic)
  }
  const beside = (name: string, figure: Figure) =>
    ratio(measured(name, 'kafkeep', figure), measured(name, 'perf-test', figure))
  const against = (name: string, other: string, figure: Figure) =>
    ratio(measured(name, 'kafkeep', figure), measured(other, 'kafkeep', figure))
  const aims = [
    atLeast('plain', 1, 'times the rate of kafka-producer-perf-test', beside('plain', rateOf)),
    atMost('plain', 1 / 3, 'times its CPU s a GB', beside('plain', cpuOf)),
    atMost('plain', 1.1, 'times the memory for twice the archive', against('plain', 'plain-half', peakOf)),
    atLeast(
      'small-batches',
      1 / 3,
      'times the records/s of large batches',
      against('small-batches', 'small-records', recordRateOf),
    ),
    atMost('exact-start', 60, 'seconds', measured('exact-start', 'kafkeep', secondsOf)),
    atMost('markers', 60, 'seconds', measured('markers', 'kafkeep', secondsOf)),
  ]
  return aims.filter(({ workload }) => all.some(({ topic }) => topic.workload.name === workload))
}

function ratio(figure: number | undefined, other: number | undefined): number | undefined {
  return figure && other && figure / other
}

function secondsOf({ rounds }: Result): number {
  return median(rounds.map(({ seconds }) => seconds))
}

function recordRateOf(result: Result, { records }: ArchivedTopic): number {
  return records / secondsOf(result)
}
