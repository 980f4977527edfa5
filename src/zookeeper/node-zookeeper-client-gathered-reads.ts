import { TransportError } from '../errors.js'
import { abortable } from '../internal/abort.js'
import { refusal } from './node-zookeeper-client-connection.js'
import type { ZooKeeperSession } from './node-zookeeper-client-session.js'
import { type DataReading, getDataRequest, getManyRequest } from './protocol/requests.js'
import type { ZooKeeperCallOptions } from './transport.js'

/** Most that one request asks for: a server holds a whole answer in memory. */
const MOST_NODES = 100
const MOST_BYTES = 262_144

interface Waiting {
  readonly path: string
  readonly dataBytes: number
  readonly resolve: (reading: DataReading) => void
  readonly reject: (error: unknown) => void
}

/**
 * Reads the data of nodes, as many as are asked for in one turn with one request. Requests are what takes a server's
 * time: a hundred nodes in one take it little more than one node. Servers before ZooKeeper 3.6 do not know such requests
 * and are asked for each node by itself.
 */
export class GatheredReads {
  readonly #session: ZooKeeperSession
  #waiting: Waiting[] = []
  #supported = true

  constructor(session: ZooKeeperSession) {
    this.#session = session
  }

  /** Reads the node at `path`, which has about `dataBytes` bytes of data. */
  async read(path: string, dataBytes: number, { signal }: ZooKeeperCallOptions): Promise<DataReading> {
    if (!this.#supported || dataBytes > MOST_BYTES) return this.#readOne(path, { signal })
    const reading = new Promise<DataReading>((resolve, reject) => {
      // Ticks come behind all that has become possible by the answers of one turn.
      if (this.#waiting.length === 0) process.nextTick(() => this.#sendAll())
      this.#waiting.push({ path, dataBytes, resolve, reject })
    })
    return abortable(reading, signal)
  }

  #sendAll(): void {
    const waiting = this.#waiting
    this.#waiting = []
    let batch: Waiting[] = []
    let bytes = 0
    for (const one of waiting) {
      if (batch.length === MOST_NODES || bytes + one.dataBytes > MOST_BYTES) {
        this.#send(batch)
        batch = []
        bytes = 0
      }
      batch.push(one)
      bytes += one.dataBytes
    }
    this.#send(batch)
  }

  #send(batch: readonly Waiting[]): void {
    const [first, ...others] = batch
    if (first === undefined) return
    if (others.length === 0) {
      this.#readOne(first.path, {}).then(first.resolve, first.reject)
      return
    }
    this.#readMany(batch).catch((error: unknown) => {
      for (const { reject } of batch) reject(error)
    })
  }

  async #readOne(path: string, options: ZooKeeperCallOptions): Promise<DataReading> {
    return (await this.#session.call((resolve) => getDataRequest(resolve(path)), options)).value
  }

  async #readMany(batch: readonly Waiting[]): Promise<void> {
    try {
      const paths = batch.map(({ path }) => path)
      const { value } = await this.#session.call((resolve) => getManyRequest(paths.map(resolve)), {})
      for (const [index, { path, resolve, reject }] of batch.entries()) {
        const result = value[index]
        if (result === undefined) reject(new TransportError(`ZooKeeper left out ${path}`, { system: 'zookeeper' }))
        else if (typeof result === 'string') reject(refusal(`read ${path}`, result))
        else resolve(result)
      }
    } catch (error) {
      if (!(error instanceof TransportError) || error.reason !== 'UNIMPLEMENTED') throw error
      this.#supported = false
      for (const { path, resolve, reject } of batch) this.#readOne(path, {}).then(resolve, reject)
    }
  }
}
