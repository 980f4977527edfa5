import { chooseHost } from './choose.js'
import { endpointsFromEnvironment, type ServiceEndpoints, type ServiceHost } from './endpoints.js'
import { localHost } from './local-host.js'
import { thisMachine } from './machine.js'
import { SERVICE_NAMES } from './service-name.js'

/** All services of a test run. */
export interface OpenServices {
  readonly endpoints: ServiceEndpoints
  /** Ends those that were started for this run. Those that the environment named are left alone. */
  close(): Promise<void>
}

/** Has every service running: takes those that the environment names, and starts the others, all at once. */
export async function openServices(environment: NodeJS.ProcessEnv): Promise<OpenServices> {
  const named = endpointsFromEnvironment(environment)
  const isComplete = SERVICE_NAMES.every((name) => named[name] !== undefined)
  const host = isComplete ? localHost() : await openHost()
  const { start } = host
  const starting = [
    named.zookeeper ?? start.zookeeper(),
    named.kafka39 ?? start.kafka39(),
    named.kafka4 ?? start.kafka4(),
    named.s3 ?? start.s3(),
  ] as const
  try {
    const [zookeeper, kafka39, kafka4, s3] = await Promise.all(starting)
    return { endpoints: { zookeeper, kafka39, kafka4, s3 }, close: () => host.close() }
  } catch (error) {
    // What is still starting can only be closed once it has started.
    await Promise.allSettled(starting)
    await host.close()
    throw error
  }
}

async function openHost(): Promise<ServiceHost> {
  if ((await chooseHost(thisMachine)) === 'local') return localHost()
  // Loaded late: it is large, and most runs do without.
  const { containerHost } = await import('./container-host.js')
  return containerHost()
}
