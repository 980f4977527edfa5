import type { ProcessCost } from '../timed-process.js'
import type { FilledTopic } from './fill-topic.js'

/** What is compared. */
export type CandidateId = 'files' | 's3' | 'kcat' | 'perf-test'

/** One way to read a whole topic. */
export interface Candidate {
  readonly id: CandidateId
  readonly name: string
  /** Reads all of it in a process of its own. @throws Error when that did not read everything. */
  run(topic: FilledTopic): Promise<ProcessCost>
}

/** What a candidate took in each round. */
export interface Result {
  readonly id: CandidateId
  readonly name: string
  readonly rounds: readonly ProcessCost[]
}
