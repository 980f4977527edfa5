import type { ServiceHost } from './endpoints.js'
import { startKafka4 } from './kafka4.js'
import { startKafka39 } from './kafka39.js'
import { startS3 } from './s3.js'
import type { Service } from './service.js'
import { startZooKeeper } from './zookeeper.js'

/** Runs services as processes of this machine. */
export function localHost(): ServiceHost {
  const started: Service[] = []
  const remember = <T extends Service>(service: T): T => {
    started.push(service)
    return service
  }
  return {
    start: {
      async zookeeper() {
        const { connect } = remember(await startZooKeeper())
        return { connect }
      },
      async kafka39() {
        const { connect } = remember(await startZooKeeper())
        const { brokers } = remember(await startKafka39({ zookeeper: connect }))
        return { brokers, zookeeper: connect }
      },
      async kafka4() {
        const { brokers } = remember(await startKafka4())
        return { brokers }
      },
      async s3() {
        const { endpoint, accessKeyId, secretAccessKey } = remember(await startS3())
        return { endpoint, accessKeyId, secretAccessKey }
      },
    },
    async close() {
      await Promise.all(started.map((service) => service.destroy()))
    },
  }
}
