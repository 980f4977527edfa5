/** What a person does so that the services can run as local processes. */
export const INSTALL_LINE =
  'install Java 17 or newer and Maven (Debian: `apt-get install -y openjdk-17-jre-headless maven`; ' +
  'macOS: `brew install openjdk@17 maven`)'

/** The oldest Java that runs Kafka 4. */
const MINIMUM_JAVA = 17

/** What this machine can do. Each is asked only when the answer matters, because asking costs a process or a connection. */
export interface Machine {
  /** Major version of the Java found, `undefined` where there is none. */
  javaVersion(): Promise<number | undefined>
  /** Whether the servers' jars are here already, or Maven is, which fetches them. */
  hasJars(): Promise<boolean>
  /** Whether a Docker engine answers. */
  hasDocker(): Promise<boolean>
}

/**
 * Chooses how services run for which the environment names no endpoint: as local processes, or else in containers.
 *
 * @throws Error with the line to install what is missing, when neither is possible.
 */
export async function chooseHost(machine: Machine): Promise<'local' | 'containers'> {
  const java = await machine.javaVersion()
  const isLocal = java !== undefined && java >= MINIMUM_JAVA && (await machine.hasJars())
  if (isLocal) return 'local'
  if (await machine.hasDocker()) return 'containers'
  throw new Error(
    `the integration tests need real servers: ${INSTALL_LINE}, or start Docker, or name running ones in KAFKA4_BROKERS, ` +
      'KAFKA39_BROKERS, KAFKA39_ZOOKEEPER_CONNECT, ZOOKEEPER_CONNECT and S3_ENDPOINT ' +
      `(found: ${java === undefined ? 'no Java' : `Java ${java}`}, no Docker engine)`,
  )
}
