import { KafkeepError, TransportError } from '../errors.js'
import { errorName, isRetryable, type KafkaErrorName } from './protocol/error-codes.js'
import { hintOf } from './retry.js'

const RETRYABLE_NAMES: ReadonlySet<string> = new Set([
  'KafkaJSConnectionError',
  'KafkaJSConnectionClosedError',
  'KafkaJSRequestTimeoutError',
  'KafkaJSBrokerNotFound',
  'KafkaJSLockTimeout',
  'KafkaJSGroupCoordinatorNotFound',
])

const REPEATED_IN_VAIN = 'KafkaJSNumberOfRetriesExceeded'
const WRAPPERS: ReadonlySet<string> = new Set([REPEATED_IN_VAIN, 'KafkaJSNonRetriableError'])

function innermost(error: Error): Error {
  return WRAPPERS.has(error.name) && error.cause instanceof Error ? innermost(error.cause) : error
}

/** Whether kafkajs itself has repeated in vain what failed. */
export function wasRepeated(error: unknown): boolean {
  return error instanceof Error && (error.name === REPEATED_IN_VAIN || wasRepeated(error.cause))
}

/** What a broker answered, where that is what kafkajs complains about. */
function reasonOf(error: Error): KafkaErrorName | undefined {
  if (!('type' in error && 'code' in error)) return undefined
  return typeof error.type === 'string' && typeof error.code === 'number' ? errorName(error.code) : undefined
}

function hintFor(error: Error, reason: KafkaErrorName | undefined): string | undefined {
  if (reason !== undefined) return hintOf(reason)
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
  const reason = reasonOf(cause)
  return new TransportError(`Kafka could not be asked to ${doing}: ${cause.message}`, {
    system: 'kafka',
    reason,
    retryable: RETRYABLE_NAMES.has(cause.name) || (reason !== undefined && isRetryable(reason)),
    hint: hintFor(cause, reason),
    cause: error,
  })
}
