import { join } from 'node:path'
import { startJavaService } from './java-service.js'
import { writeProperties } from './properties-file.js'
import type { Service, ServiceOptions } from './service.js'

/** A Kafka server to start: a broker, a controller, or both. */
export interface KafkaProcess {
  readonly name: 'kafka39' | 'kafka4'
  readonly port: number
  readonly heapMegabytes: number
  /** Its whole configuration but `log.dirs`. */
  readonly properties: Readonly<Record<string, string>>
  /** Runs before each start, with the finished configuration. */
  readonly beforeStart: (configurationFile: string, partitionsDirectory: string) => Promise<void>
  /** Throws while the server does not do its work yet. */
  readonly expectReady: (partitionsDirectory: string) => Promise<void>
}

/** Starts a Kafka server and returns once it is ready. */
export async function startKafkaProcess(
  { name, port, heapMegabytes, properties, beforeStart, expectReady }: KafkaProcess,
  { dataDirectory }: Pick<ServiceOptions, 'dataDirectory'>,
): Promise<Service> {
  return startJavaService({
    name,
    port,
    dataDirectory,
    mainClass: 'kafka.Kafka',
    heapMegabytes,
    async prepare(directory) {
      const partitionsDirectory = partitionsIn(directory)
      const file = await writeProperties(join(directory, 'server.properties'), {
        'log.dirs': partitionsDirectory,
        ...properties,
      })
      await beforeStart(file, partitionsDirectory)
      return [file]
    },
    expectReady: (directory) => expectReady(partitionsIn(directory)),
  })
}

/** The `log.dirs` of a server that has its data in `dataDirectory`. */
export function partitionsIn(dataDirectory: string): string {
  return join(dataDirectory, 'data')
}
