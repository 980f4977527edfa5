import { execFile } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cacheDirectory } from './cache.js'
import { withLock } from './lock.js'
import { Reaper } from './reaper.js'
import type { Service } from './service.js'
import type { ServiceName } from './service-name.js'

/** A service that was started by hand and outlived the command that started it. */
export interface RunningService extends Pick<Service, 'pid' | 'dataDirectory' | 'logFile'> {
  /** Kafka 3.9 brings a ZooKeeper of its own. */
  readonly name: ServiceName | 'kafka39-zookeeper'
  /** `host:port`, or a URL. */
  readonly endpoint: string
}

/** The services that run by hand on this machine. The list is a file, changed by one command at a time. */
export class RunningServices {
  readonly #file: string
  #services: RunningService[]

  private constructor(file: string, services: RunningService[]) {
    this.#file = file
    this.#services = services
  }

  /** Runs `work` on the list, while no other command can. Services that have died since are taken off first. */
  static async use<T>(work: (running: RunningServices) => Promise<T>): Promise<T> {
    const directory = cacheDirectory()
    await mkdir(directory, { recursive: true })
    const file = join(directory, 'running.json')
    return withLock(`${file}.lock`, async () => {
      const running = new RunningServices(file, existsSync(file) ? JSON.parse(await readFile(file, 'utf8')) : [])
      await running.#removeDead()
      return work(running)
    })
  }

  /** All of them, in the order of their start. */
  get list(): readonly RunningService[] {
    return this.#services
  }

  /** The service of that name, `undefined` when it does not run. */
  find(name: RunningService['name']): RunningService | undefined {
    return this.#services.find((service) => service.name === name)
  }

  /** Takes the service over from this process: it is on the list first, so that there is no moment when nobody knows it. */
  add(service: Service, { name, endpoint }: Pick<RunningService, 'name' | 'endpoint'>): void {
    const { pid, dataDirectory, logFile } = service
    this.#save([...this.#services, { name, pid, endpoint, dataDirectory, logFile }])
    service.outliveOwner()
  }

  /** Kills services and deletes their data. */
  async remove(services: readonly RunningService[]): Promise<void> {
    const reaper = new Reaper()
    for (const service of services) {
      if (await isRunning(service)) reaper.watch(service.pid)
      reaper.watch(service.dataDirectory)
    }
    await reaper.reap()
    this.#save(this.#services.filter((service) => !services.includes(service)))
  }

  async #removeDead(): Promise<void> {
    const alive = await Promise.all(this.#services.map(isRunning))
    const dead = this.#services.filter((_, index) => !alive[index])
    if (dead.length > 0) await this.remove(dead)
  }

  #save(services: RunningService[]): void {
    this.#services = services
    writeFileSync(this.#file, JSON.stringify(services, null, 2))
  }
}

/** Whether that process is still the one that was started: after a reboot its id may be anybody's. */
async function isRunning({ pid, dataDirectory }: RunningService): Promise<boolean> {
  return (await commandLine(pid)).includes(dataDirectory)
}

async function commandLine(pid: number): Promise<string> {
  try {
    if (process.platform === 'linux') return await readFile(`/proc/${pid}/cmdline`, 'utf8')
    const { stdout } = await promisify(execFile)('ps', ['-ww', '-o', 'command=', '-p', String(pid)])
    return stdout
  } catch {
    return ''
  }
}
