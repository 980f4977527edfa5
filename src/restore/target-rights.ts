import type { TopicMetadata } from '../kafka/transport.js'
import type { RestoreProblem } from './plan.js'

/** What a restore does with a topic; whether it may be created is asked by a trial. */
const NEEDED = ['describe', 'read', 'write', 'describe-configs', 'alter-configs'] as const

/** The rights that this principal lacks for a topic, whether it exists or not. */
export function rightsProblems({ topic, error, authorizedOperations = [] }: TopicMetadata): RestoreProblem[] {
  if (error === 'TOPIC_AUTHORIZATION_FAILED') return [lacks(topic, NEEDED)]
  // Brokers that describe a topic and do not say that it may be described do not tell rights at all.
  if (!authorizedOperations.includes('describe')) return []
  const missing = NEEDED.filter((operation) => !authorizedOperations.includes(operation))
  return missing.length === 0 ? [] : [lacks(topic, missing)]
}

/** Whether this principal may delete records of the topic, as far as the cluster tells. */
export function mayDeleteRecords({ authorizedOperations = [] }: TopicMetadata): boolean {
  return !authorizedOperations.includes('describe') || authorizedOperations.includes('delete')
}

function lacks(topic: string, operations: readonly string[]): RestoreProblem {
  const text = `${topic}: this principal must be allowed to ${operations.join(', ')}`
  return { code: 'NOT_AUTHORIZED', text }
}
