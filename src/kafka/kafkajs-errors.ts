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

/** What a person can do where TLS itself failed: that never passes by itself. */
function tlsHintFor(error: Error): string | undefined {
  const code = 'code' in error ? String(error.code) : ''
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return 'advertise brokers by a name that is in their certificates, or pass such a name as `ssl.servername` of the Kafka instance'
  if (/^CERT_(HAS_EXPIRED|NOT_YET_VALID)$/.test(code)) return 'renew the certificates of the brokers'
  if (/^(UNABLE_TO_|(DEPTH_ZERO_)?SELF_SIGNED_|CERT_)/.test(code))
    return 'pass the certificate of the authority that the brokers have theirs from as `ssl.ca` of the Kafka instance'
  if (/^ERR_SSL_.*_ALERT_.*(CERTIFICATE|UNKNOWN_CA)/.test(code))
    return 'pass a certificate that the brokers trust, and its key, as `ssl.cert` and `ssl.key` of the Kafka instance'
  if (/^ERR_SSL_.*(_VERSION|HANDSHAKE_FAILURE)/.test(code))
    return 'check that the listener speaks TLS, in a way that `ssl` of the Kafka instance allows'
  return undefined
}

function hintFor(error: Error, reason: KafkaErrorName | undefined): string | undefined {
  if (reason !== undefined) return hintOf(reason)
  if (error.name === 'KafkaJSSASLAuthenticationError') return 'check the `sasl` settings of the Kafka instance'
  if (!RETRYABLE_NAMES.has(error.name)) return undefined
  return 'check that the brokers run and that `brokers`, `ssl`, `sasl` and the advertised listeners are right'
}

/** Of what OpenSSL says, which is many fields with colons between them, the one for people. */
function messageOf({ message }: Error): string {
  return message.replace(/[0-9A-F]+:error:[0-9A-F]+:[^:]*:[^:]*:([^:]*):.*/s, '$1')
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
  const tlsHint = tlsHintFor(cause)
  const passes = RETRYABLE_NAMES.has(cause.name) || (reason !== undefined && isRetryable(reason))
  return new TransportError(`Kafka could not be asked to ${doing}: ${messageOf(cause)}`, {
    system: 'kafka',
    reason,
    retryable: passes && tlsHint === undefined,
    hint: tlsHint ?? hintFor(cause, reason),
    cause: error,
  })
}
