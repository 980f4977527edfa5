import type { KafkaTransport } from '../../kafka/transport.js'
import type { TestFunction } from '../test-function.js'
import { configContract } from './configs.js'
import { deletionContract } from './deletions.js'
import { groupContract } from './groups.js'
import { lifeContract } from './life.js'
import { logContract, logEndContract } from './logs.js'
import { divisionContract, membershipContract, membershipLifeContract } from './memberships.js'
import { topicContract } from './topics.js'
import { takeOverContract, transactionalProducerContract } from './transactional-producers.js'
import { transactionContract, transactionOrderContract } from './transactions.js'

/**
 * Defines the tests that every {@link KafkaTransport} must pass, with the `test` function of your runner. They run
 * against a cluster of at least one broker of Kafka 3.0 or newer, in topics, groups and transactional ids of their own,
 * which stay behind.
 *
 * @param test - Called with a name and an async body for each test. Allow half a minute each.
 * @param open - Answers a transport to the cluster; called once per test, and closed after it.
 * @example
 * ```ts
 * describe('MyTransport', () => kafkaTransportContract(test, async () => new MyTransport('localhost:9092')))
 * ```
 */
export function kafkaTransportContract(test: TestFunction, open: () => Promise<KafkaTransport>): void {
  const contract = { test, open }
  topicContract(contract)
  logContract(contract)
  logEndContract(contract)
  configContract(contract)
  deletionContract(contract)
  transactionContract(contract)
  transactionOrderContract(contract)
  transactionalProducerContract(contract)
  takeOverContract(contract)
  groupContract(contract)
  divisionContract(contract)
  membershipContract(contract)
  membershipLifeContract(contract)
  lifeContract(contract)
}
