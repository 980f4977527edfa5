import { type KafkaProcess, partitionsIn, startKafkaProcess } from './kafka-process.js'
import { LOOPBACK } from './ports.js'
import type { Service } from './service.js'

/** One server of a cluster, over all its starts: each goes on with the same folder and the same port. */
export class ClusterNode {
  readonly id: number
  /** `host:port`. */
  readonly address: string
  readonly #process: KafkaProcess
  #service: Service | undefined
  #running = false

  /** Starts nothing yet. */
  constructor(id: number, process: KafkaProcess) {
    this.id = id
    this.address = `${LOOPBACK}:${process.port}`
    this.#process = process
  }

  /** Id of the process of the last start. */
  get pid(): number {
    return this.#started.pid
  }

  /** Everything the server keeps. */
  get dataDirectory(): string {
    return this.#started.dataDirectory
  }

  /** The server's `log.dirs`: one folder per partition, `<topic>-<partition>`, with its segment files. */
  get partitionsDirectory(): string {
    return partitionsIn(this.dataDirectory)
  }

  /** Starts the server, where it does not run, and returns once it is ready. */
  async start(): Promise<void> {
    if (this.#running) return
    this.#service = await startKafkaProcess(this.#process, { dataDirectory: this.#service?.dataDirectory })
    this.#running = true
  }

  /** Asks the server to end, so that it hands over first what it leads, and waits. Its data stays. */
  async stop(): Promise<void> {
    await this.#started.stop()
    this.#running = false
  }

  /** Ends the server as a crash does, and waits. Its data stays. */
  async kill(): Promise<void> {
    await this.#started.kill()
    this.#running = false
  }

  /** Kills the server and deletes its data, where it was ever started. */
  async destroy(): Promise<void> {
    await this.#service?.destroy()
    this.#running = false
  }

  get #started(): Service {
    if (this.#service === undefined) throw new Error(`node ${this.id} has never been started`)
    return this.#service
  }
}
