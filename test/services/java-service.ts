import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { INSTALL_LINE } from './choose.js'
import { javaArguments, javaExecutable } from './java.js'
import { type ServerOptions, startServer } from './server-process.js'
import type { Service } from './service.js'
import type { ServiceName } from './service-name.js'

/** A server to start with {@link startJavaService}. */
export interface JavaServiceOptions extends Omit<ServerOptions, 'prepare'> {
  /** Whose jars are the class path. */
  readonly name: ServiceName
  readonly mainClass: string
  readonly heapMegabytes: number
  /** System properties of the JVM, for what the server reads from nowhere else. @defaultValue none */
  readonly systemProperties?: Readonly<Record<string, string>> | undefined
  /** Makes the folder ready and returns the program's arguments, such as the configuration file it wrote. */
  readonly prepare: (dataDirectory: string) => Promise<string[]>
}

/** {@link startServer} for a server that is written in Java. */
export async function startJavaService(options: JavaServiceOptions): Promise<Service> {
  const { name, mainClass, heapMegabytes, systemProperties, prepare } = options
  return startServer({
    ...options,
    async prepare(dataDirectory) {
      const temporaryDirectory = join(dataDirectory, 'tmp')
      await mkdir(temporaryDirectory, { recursive: true })
      const args = await prepare(dataDirectory)
      return {
        executable: javaExecutable(),
        args: await javaArguments({
          jars: name,
          mainClass,
          args,
          heapMegabytes,
          systemProperties,
          logs: 'server',
          temporaryDirectory,
        }),
        notFound: `Java was not found: ${INSTALL_LINE}`,
      }
    },
  })
}
