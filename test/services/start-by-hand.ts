import { startKafka4 } from './kafka4.js'
import { startKafka39 } from './kafka39.js'
import type { RunningService, RunningServices } from './running-services.js'
import { startS3 } from './s3.js'
import type { ServiceName } from './service-name.js'
import { startZooKeeper } from './zookeeper.js'

type Starter = (running: RunningServices) => Promise<void>

const STARTERS: Readonly<Record<ServiceName, Starter>> = {
  async zookeeper(running) {
    const service = await startZooKeeper()
    running.add(service, { name: 'zookeeper', endpoint: service.connect })
  },
  async kafka39(running) {
    // Where one of the two died, the other's state is of no use to a new one.
    const parts = partsOf('kafka39')
    await running.remove(running.list.filter((service) => parts.includes(service.name)))
    const zookeeper = await startZooKeeper()
    const service = await startKafka39({ zookeeper: zookeeper.connect })
    running.add(zookeeper, { name: 'kafka39-zookeeper', endpoint: zookeeper.connect })
    running.add(service, { name: 'kafka39', endpoint: service.brokers.join(',') })
  },
  async kafka4(running) {
    const service = await startKafka4()
    running.add(service, { name: 'kafka4', endpoint: service.brokers.join(',') })
  },
  async s3(running) {
    const service = await startS3()
    running.add(service, { name: 's3', endpoint: service.endpoint })
  },
}

/** What runs under that name: Kafka 3.9 has a ZooKeeper of its own. */
function partsOf(name: ServiceName): readonly RunningService['name'][] {
  return name === 'kafka39' ? ['kafka39-zookeeper', 'kafka39'] : [name]
}

/** Starts those services that do not run yet, all at once, and returns all that belong to the names. */
export async function startByHand(
  running: RunningServices,
  names: readonly ServiceName[],
): Promise<readonly RunningService[]> {
  const missing = names.filter((name) => partsOf(name).some((part) => running.find(part) === undefined))
  const results = await Promise.allSettled(missing.map((name) => STARTERS[name](running)))
  const failures = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []))
  if (failures.length > 0) throw failures.length === 1 ? failures[0] : new AggregateError(failures, failures.join('\n'))
  const wanted = names.flatMap(partsOf)
  return running.list.filter((service) => wanted.includes(service.name))
}
