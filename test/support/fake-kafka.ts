import type { KafkaTransport } from '../../src/kafka/transport.js'

/** A transport that can do what a test gives it, and says so when it is asked for anything else. */
export function fakeKafka(methods: Partial<KafkaTransport>): KafkaTransport {
  return new Proxy(methods as KafkaTransport, {
    get(target, name, receiver) {
      // What is awaited is asked whether it is a promise.
      if (name in target || name === 'then') return Reflect.get(target, name, receiver)
      throw new Error(`the test did not expect a call of ${String(name)}`)
    },
  })
}
