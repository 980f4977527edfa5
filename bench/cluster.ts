import kafkajs from 'kafkajs'
import { KafkaJsTransport } from 'kafkeep/kafkajs'

/** A client for what the bench itself does. */
function clientOf(brokers: readonly string[]): kafkajs.Kafka {
  return new kafkajs.Kafka({ clientId: 'kafkeep-bench', brokers: [...brokers], logLevel: kafkajs.logLevel.ERROR })
}

/** {@link clientOf} as kafkeep uses it. */
export function transportOf(brokers: readonly string[]): KafkaJsTransport {
  return new KafkaJsTransport(clientOf(brokers))
}

/** Does something as an administrator of the cluster. */
export async function asAdmin<T>(brokers: readonly string[], use: (admin: kafkajs.Admin) => Promise<T>): Promise<T> {
  const admin = clientOf(brokers).admin()
  await admin.connect()
  try {
    return await use(admin)
  } finally {
    await admin.disconnect()
  }
}
