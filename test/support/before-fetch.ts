import type { KafkaTransport } from 'kafkeep'

/** A transport on which something happens right before its fetch number `fetch`, counted from 1. */
export function beforeFetch(kafka: KafkaTransport, fetch: number, happens: () => Promise<void>): KafkaTransport {
  let fetches = 0
  const fetching: KafkaTransport['fetch'] = async (...request) => {
    if (++fetches === fetch) await happens()
    return kafka.fetch(...request)
  }
  return new Proxy(kafka, {
    get(target, name) {
      const value: unknown = name === 'fetch' ? fetching : Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
