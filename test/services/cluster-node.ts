import { LOOPBACK } from './ports.js'
import type { Service, ServiceOptions } from './service.js'

/** What a {@link ClusterNode} is. */
export interface ClusterNodeOptions {
  /** Its number in the cluster. */
  readonly id: number
  readonly port: number
  /** Starts it, on the folder of its last start where there was one, and returns once it is ready. */
  readonly start: (options: Pick<ServiceOptions, 'dataDirectory'>) => Promise<Service>
}

/** One server of a cluster, over all its starts: each goes on with the same folder and the same port. */
export class ClusterNode {
  readonly id: number
  /** `host:port`. */
  readonly address: string
  readonly #start: ClusterNodeOptions['start']
  #service: Service | undefined
  #running = false

  /** Starts nothing yet. */
  constructor({ id, port, start }: ClusterNodeOptions) {
    this.id = id
    this.address = `${LOOPBACK}:${port}`
    this.#start = start
  }

  /** Id of the process of the last start. */
  get pid(): number {
    return this.#started.pid
  }

  /** Everything the server keeps. */
  get dataDirectory(): string {
    return this.#started.dataDirectory
  }

  /** Whether it was started, and neither stopped nor killed since. */
  get running(): boolean {
    return this.#running
  }

  /** Starts the server, where it does not run, and returns once it is ready. */
  async start(): Promise<void> {
    if (this.#running) return
    this.#service = await this.#start({ dataDirectory: this.#service?.dataDirectory })
    this.#running = true
  }

  /** Asks the server to end, so that it hands over first what it leads, and waits. Its data stays. */
  async stop(): Promise<void> {
    await this.#started.stop()
    this.#running = false
  }

  /** Ends the server as a crash does, and waits. Its data stays. */
  async kill(): Promise<void> {
    this.#running = false
    await this.#started.kill()
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

/** Starts all servers at once: each waits for the others. When one fails, none is left. */
export async function startTogether(nodes: readonly ClusterNode[]): Promise<void> {
  const starting = nodes.map((node) => node.start())
  try {
    await Promise.all(starting)
  } catch (error) {
    // What is still starting can only be destroyed once it has started.
    await Promise.allSettled(starting)
    await destroyAll(nodes)
    throw error
  }
}

/** Kills all servers and deletes their data. */
export async function destroyAll(nodes: readonly ClusterNode[]): Promise<void> {
  await Promise.all(nodes.map((node) => node.destroy()))
}
