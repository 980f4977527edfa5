import { TransportError } from '../errors.js'

/** Whether Kafka may do later what it could not do now: a run goes on, and tells by other means what it cannot read. */
export function isPassingFailure(error: unknown): error is TransportError {
  return error instanceof TransportError && error.retryable
}
