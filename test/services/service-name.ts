/** The servers that the tests run against. Each is a module of `maven/` and has its own jars. */
export const SERVICE_NAMES = ['zookeeper', 'kafka39', 'kafka4', 's3'] as const

/** ZooKeeper 3.9, Kafka 3.9 in ZooKeeper mode, Kafka 4 (KRaft), or S3Proxy. */
export type ServiceName = (typeof SERVICE_NAMES)[number]
