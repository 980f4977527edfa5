import { TransportError } from '../errors.js'
import type { KafkaTransport, TransportCallOptions } from '../kafka/transport.js'
import type { PartitionChain } from './plan-source.js'
import { TRANSACTIONAL_ID_PREFIX } from './replay-transactions.js'

/** Begins as the ids do that a restore uses, so that it takes the same rights to ask for it. */
const PROBE = `${TRANSACTIONAL_ID_PREFIX}probe`

/**
 * Why a log with transactions or holes cannot be made again in this cluster; `undefined` where nothing stands in the way,
 * or there are none. Nothing is written.
 */
export async function obstacleToReplay(
  { kafka, signal }: TransportCallOptions & { readonly kafka: KafkaTransport },
  chains: readonly PartitionChain[],
): Promise<string | undefined> {
  if (chains.every(({ dense }) => dense)) return undefined
  try {
    await kafka.describeTransaction(PROBE, { signal })
    return undefined
  } catch (error) {
    if (!(error instanceof TransportError)) throw error
    if (error.reason === 'UNSUPPORTED_VERSION') return 'brokers before Kafka 3.0 do not tell of open transactions'
    if (error.reason !== 'TRANSACTIONAL_ID_AUTHORIZATION_FAILED') throw error
    return `this principal may not use the transactional ids that begin with ${TRANSACTIONAL_ID_PREFIX}`
  }
}
