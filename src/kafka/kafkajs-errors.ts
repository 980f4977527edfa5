import { KafkeepError, TransportError } from '../errors.js'

const RETRYABLE_NAMES: ReadonlySet<string> = new Set([
  'KafkaJSConnectionError',
  'KafkaJSConnectionClosedError',
  'KafkaJSRequestTimeoutError',
  'KafkaJSBrokerNotFound',
  'KafkaJSLockTimeout',
  'KafkaJSGroupCoordinatorNotFound',
])

function innermost(error: Error): Error {
  return error.name === 'KafkaJSNumberOfRetriesExceeded' && error.cause instanceof Error
    ? innermost(error.cause)
    : error
}

function hintFor(error: Error): string | undefined {
  if (error.name === 'KafkaJSSASLAuthenticationError') return 'check the `sasl` settings of the Kafka instance'
  if (!RETRYABLE_NAMES.has(error.name)) return undefined
  return 'check that the brokers run and that `brokers`, `ssl` and the advertised listeners are right'
}

/** Whether the error says that a connection was lost or never came about, so that another broker may answer. */
export function isConnectionLoss(error: unknown): boolean {
  return error instanceof Error && RETRYABLE_NAMES.has(innermost(error).name)
}

/** What kafkajs threw, in kafkeep's terms. Errors that are kafkeep's own pass unchanged. */
export function transportErrorFrom(error: unknown, doing: string): KafkeepError {
  if (error instanceof KafkeepError) return error
  const cause = innermost(error instanceof Error ? error : new Error(String(error)))
  return new TransportError(`Kafka could not be asked to ${doing}: ${cause.message}`, {
    system: 'kafka',
    // What kafkajs itself has repeated in vain (no broker could be reached) is not repeated once more.
    retryable: cause === error && RETRYABLE_NAMES.has(cause.name),
    hint: hintFor(cause),
    cause: error,
  })
}
