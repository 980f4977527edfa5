import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { tell } from './tell.js'
import type { ProcessCost } from './timed-process.js'
import type { FilledTopic } from './topics/fill-topic.js'

const ROUNDS = 3

/** What is done something with. */
interface Subject {
  /** What to call it when telling how far the bench is. */
  readonly topic: string
}

const run = promisify(execFile)

/** One way to do what is compared. */
export interface Candidate<Id extends string = string, Topic extends Subject = FilledTopic> {
  readonly id: Id
  readonly name: string
  /** Does all of it in a process of its own. @throws Error when not all was done. */
  run(topic: Topic): Promise<ProcessCost>
}

/** What a candidate took in each round. */
export interface Result<Id extends string = string> {
  readonly id: Id
  readonly name: string
  readonly rounds: readonly ProcessCost[]
}

/** How often, and what to do in between. */
interface InTurnOptions {
  readonly rounds?: number
  /** Done after each run, and nobody's cost. */
  readonly clearUp?: () => Promise<void>
}

/** Every candidate in every round, so that a noisy machine is noisy for all of them. */
export async function inTurn<Id extends string, Topic extends Subject>(
  topic: Topic,
  candidates: readonly Candidate<Id, Topic>[],
  { rounds = ROUNDS, clearUp = async () => {} }: InTurnOptions = {},
): Promise<readonly Result<Id>[]> {
  const costs = candidates.map((): ProcessCost[] => [])
  for (let round = 1; round <= rounds; round++) {
    for (const [index, candidate] of candidates.entries()) {
      // What is still to be written of what was before is nobody's cost.
      await run('sync')
      const cost = await candidate.run(topic)
      costs[index]?.push(cost)
      tell(`${topic.topic}, round ${round}, ${candidate.name}: ${cost.seconds.toFixed(2)} s`)
      await clearUp()
    }
  }
  return candidates.map(({ id, name }, index) => ({ id, name, rounds: costs[index] ?? [] }))
}
