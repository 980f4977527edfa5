import { partitionName, type TopicPartition } from '../batch/topic-partition.js'
import { TransportError } from '../errors.js'
import { abortable } from '../internal/abort.js'
import type { KafkaJsRouting } from './kafkajs-routing.js'
import { PRODUCE, type ProduceAnswer, type ProducedBatch, produceRequest } from './protocol/produce.js'
import { lengthOf } from './protocol/wire.js'
import type { TransportCallOptions } from './transport.js'

const REQUEST_TIMEOUT_MS = 25_000

/** Far below what a broker takes (`socket.request.max.bytes`). A larger batch is sent alone. */
const MAX_REQUEST_BYTES = 8_388_608

/** A call of `produce` that has not been sent yet. */
interface Outgoing extends ProducedBatch {
  readonly signal: AbortSignal | undefined
  resolve(answer: ProduceAnswer): void
  reject(error: unknown): void
}

/** A request in the making: one batch a partition, all of one transactional id or of none. */
interface GatheredRequest {
  readonly transactionalId: string | null
  readonly batches: Map<string, Outgoing>
  bytes: number
}

/**
 * Sends batches to the leaders of their partitions. What is to be sent to one broker at the same instant travels
 * together, because a broker answers one request of a connection after the other. Batches of one partition keep their
 * order: each is in a later request than those before it.
 */
export class KafkaJsProducing {
  readonly #routing: KafkaJsRouting
  /** What each broker is to be sent at the end of this instant. */
  readonly #gathered = new Map<number, GatheredRequest[]>()

  constructor(routing: KafkaJsRouting) {
    this.#routing = routing
  }

  async produce(
    partition: TopicPartition,
    batch: Buffer | readonly Buffer[],
    { signal, transactionalId = null }: TransportCallOptions & { readonly transactionalId?: string | null },
  ): Promise<ProduceAnswer> {
    try {
      signal?.throwIfAborted()
      const nodeId = this.#routing.knownLeader(partition) ?? (await this.#routing.leaderOf(partition, { signal }))
      const answered = new Promise<ProduceAnswer>((resolve, reject) => {
        this.#gather(nodeId, transactionalId, { ...partition, batch: [batch].flat(), signal, resolve, reject })
      })
      const { error, baseOffset } = await abortable(answered, signal)
      this.#routing.notice(error, partition)
      return { error, baseOffset }
    } catch (error) {
      signal?.throwIfAborted()
      throw this.#routing.asError(error, `append to ${partitionName(partition)}`)
    }
  }

  #gather(nodeId: number, transactionalId: string | null, outgoing: Outgoing): void {
    const name = partitionName(outgoing)
    const bytes = lengthOf(outgoing.batch)
    const requests = this.#gathered.get(nodeId) ?? this.#begin(nodeId)
    const after = requests.findLastIndex(({ batches }) => batches.has(name))
    const fitting = requests.find(
      (request, index) =>
        index > after && request.transactionalId === transactionalId && request.bytes + bytes <= MAX_REQUEST_BYTES,
    )
    if (fitting === undefined) {
      requests.push({ transactionalId, batches: new Map([[name, outgoing]]), bytes })
    } else {
      fitting.batches.set(name, outgoing)
      fitting.bytes += bytes
    }
  }

  #begin(nodeId: number): GatheredRequest[] {
    const requests: GatheredRequest[] = []
    this.#gathered.set(nodeId, requests)
    queueMicrotask(() => {
      this.#gathered.delete(nodeId)
      for (const request of requests) void this.#send(nodeId, request)
    })
    return requests
  }

  /** Never rejects: those who wait for a batch are told. */
  async #send(nodeId: number, { transactionalId, batches }: GatheredRequest): Promise<void> {
    try {
      const settings = { transactionalId, timeoutMs: REQUEST_TIMEOUT_MS }
      const request = (version: number) => {
        // Opening a connection takes time, in which calls may have been given up.
        const wanted = [...batches.values()].filter(({ signal }) => signal?.aborted !== true)
        if (wanted.length === 0) throw new TransportError('nobody waits for an answer', { system: 'kafka' })
        return produceRequest(version, wanted, settings)
      }
      for (const answer of await this.#routing.send(nodeId, PRODUCE, request, {})) {
        const name = partitionName(answer)
        batches.get(name)?.resolve(answer)
        batches.delete(name)
      }
      for (const { reject } of batches.values()) {
        reject(new TransportError('a broker left a partition out of its answer', { system: 'kafka' }))
      }
    } catch (error) {
      for (const { reject } of batches.values()) reject(error)
    }
  }
}
