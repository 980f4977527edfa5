import type { ServiceName } from './service-name.js'

/** Where the services of a test run answer, wherever they run. */
export interface ServiceEndpoints {
  readonly zookeeper: { readonly connect: string }
  readonly kafka39: {
    readonly brokers: string[]
    /** Connect string of the ZooKeeper that this Kafka keeps its state in; not the one of `zookeeper`. */
    readonly zookeeper: string
  }
  readonly kafka4: { readonly brokers: string[] }
  readonly s3: { readonly endpoint: string; readonly accessKeyId: string; readonly secretAccessKey: string }
}

/** One way to have services. It starts nothing by itself. */
export interface ServiceHost {
  /** Starts a service and returns its endpoint. */
  readonly start: { readonly [Name in ServiceName]: () => Promise<ServiceEndpoints[Name]> }
  /** Ends everything that was started, and deletes its data. */
  close(): Promise<void>
}

/**
 * Reads which services the environment names.
 *
 * @throws Error when a service is named by halves.
 */
export function endpointsFromEnvironment(environment: NodeJS.ProcessEnv): Partial<ServiceEndpoints> {
  const read = (name: string) => environment[name] || undefined
  const zookeeper = read('ZOOKEEPER_CONNECT')
  const kafka39 = read('KAFKA39_BROKERS')
  // KAFKA_BROKERS alone may be any version. But where it repeats Kafka 3.9, as `services start kafka39` prints it, tests of
  // Kafka 4 must not run against that one unnoticed.
  const anyKafka = read('KAFKA_BROKERS')
  const kafka4 = read('KAFKA4_BROKERS') ?? (anyKafka === kafka39 ? undefined : anyKafka)
  const s3 = read('S3_ENDPOINT')
  return {
    ...(zookeeper !== undefined && { zookeeper: { connect: zookeeper } }),
    ...(kafka39 !== undefined && {
      kafka39: {
        brokers: kafka39.split(','),
        zookeeper: required('KAFKA39_BROKERS', 'KAFKA39_ZOOKEEPER_CONNECT', environment),
      },
    }),
    ...(kafka4 !== undefined && { kafka4: { brokers: kafka4.split(',') } }),
    ...(s3 !== undefined && {
      s3: {
        endpoint: s3,
        accessKeyId: required('S3_ENDPOINT', 'AWS_ACCESS_KEY_ID', environment),
        secretAccessKey: required('S3_ENDPOINT', 'AWS_SECRET_ACCESS_KEY', environment),
      },
    }),
  }
}

function required(because: string, name: string, environment: NodeJS.ProcessEnv): string {
  const value = environment[name]
  if (value) return value
  throw new Error(`${because} is set, so ${name} must be too`)
}
