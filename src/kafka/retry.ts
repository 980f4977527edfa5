import { TransportError } from '../errors.js'
import { backoffMs, delay } from '../internal/abort.js'
import { isRetryable, type KafkaErrorName } from './protocol/error-codes.js'
import type { TransportCallOptions } from './transport.js'

/** About 20 seconds in all: longer than the election of a leader takes, short enough for a person who waits. */
const ATTEMPTS = 14
const BACKOFF = { firstMs: 50, maxMs: 3_000 }

const HINTS: Readonly<Record<string, string>> = {
  TOPIC_AUTHORIZATION_FAILED: 'give this principal the right to describe, read, create, alter or write the topic',
  GROUP_AUTHORIZATION_FAILED: 'give this principal the right to read the group',
  CLUSTER_AUTHORIZATION_FAILED: 'give this principal the cluster right that the operation needs',
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: 'give this principal the right to describe and write the transactional id',
  UNSUPPORTED_SASL_MECHANISM: 'use a `sasl.mechanism` that the listener has',
  ILLEGAL_SASL_STATE:
    'leave `sasl` out where the listener wants no login; set `reauthenticationThreshold` of the Kafka instance well below ' +
    '`connections.max.reauth.ms` of the brokers',
  INVALID_TRANSACTION_TIMEOUT: 'ask for no more than `transaction.max.timeout.ms` of the brokers',
  TOPIC_DELETION_DISABLED: 'set `delete.topic.enable` of the brokers to true',
  INVALID_REPLICATION_FACTOR: 'pass a `replicationFactor` that the target cluster has brokers for',
  INCONSISTENT_GROUP_PROTOCOL: 'the group has members of another kind: use another group id',
  GROUP_MAX_SIZE_REACHED: 'raise `group.max.size` of the brokers, or run fewer members',
}

/** What a person can do about an error that Kafka answered. */
export function hintOf(reason: KafkaErrorName): string | undefined {
  return HINTS[reason]
}

/** The error for a protocol error that a broker answered while it was asked to do `doing`. */
export function protocolError(
  reason: KafkaErrorName,
  doing: string,
  { message, hint = hintOf(reason) }: { readonly message?: string | null; readonly hint?: string | undefined } = {},
): TransportError {
  return new TransportError(`Kafka refused to ${doing}: ${reason}${message ? ` (${message})` : ''}`, {
    system: 'kafka',
    reason,
    retryable: isRetryable(reason),
    hint,
  })
}

/**
 * Repeats `call` with growing waits while it fails for a passing reason and `mayRepeat` agrees. Errors are told as
 * `asError` has them.
 */
export async function retrying<T>(
  call: () => Promise<T>,
  asError: (error: unknown) => Error & { readonly retryable?: boolean },
  { signal, mayRepeat = () => true }: TransportCallOptions & { readonly mayRepeat?: (error: unknown) => boolean },
): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await call()
    } catch (error) {
      signal?.throwIfAborted()
      const told = asError(error)
      if (told.retryable !== true || !mayRepeat(error) || attempt + 1 >= ATTEMPTS) throw told
      await delay(backoffMs(attempt, BACKOFF), signal)
    }
  }
}
