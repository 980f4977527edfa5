import { kafkaTransportContract } from 'kafkeep/testing'
import { describe, it } from 'vitest'
import { KafkaBench } from '../../support/kafka.js'

describe.each(['kafka39', 'kafka4'] as const)('KafkaJsTransport on %s', (version) => {
  kafkaTransportContract(it, async () => new KafkaBench(version).transport())
})
