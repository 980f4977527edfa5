import { type Output, type RunOptions, runJava } from './run-java.js'

/** Kafka's command line tools, named as its scripts are without `kafka-`. */
export type KafkaToolName =
  | 'configs'
  | 'console-consumer'
  | 'console-producer'
  | 'consumer-groups'
  | 'consumer-perf-test'
  | 'delete-records'
  | 'dump-log'
  | 'get-offsets'
  | 'leader-election'
  | 'producer-perf-test'
  | 'reassign-partitions'
  | 'topics'
  | 'transactions'

const MAIN_CLASSES: Readonly<Record<KafkaToolName, string>> = {
  configs: 'kafka.admin.ConfigCommand',
  'console-consumer': 'org.apache.kafka.tools.consumer.ConsoleConsumer',
  'console-producer': 'org.apache.kafka.tools.ConsoleProducer',
  'consumer-groups': 'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand',
  'consumer-perf-test': 'org.apache.kafka.tools.ConsumerPerformance',
  'delete-records': 'org.apache.kafka.tools.DeleteRecordsCommand',
  'dump-log': 'org.apache.kafka.tools.DumpLogSegments',
  'get-offsets': 'org.apache.kafka.tools.GetOffsetShell',
  'leader-election': 'org.apache.kafka.tools.LeaderElectionCommand',
  'producer-perf-test': 'org.apache.kafka.tools.ProducerPerformance',
  'reassign-partitions': 'org.apache.kafka.tools.reassign.ReassignPartitionsCommand',
  topics: 'org.apache.kafka.tools.TopicCommand',
  transactions: 'org.apache.kafka.tools.TransactionsCommand',
}

/** The tools that Kafka 4 moved. */
const MAIN_CLASSES_OF_39: Partial<typeof MAIN_CLASSES> = {
  'console-producer': 'kafka.tools.ConsoleProducer',
  'dump-log': 'kafka.tools.DumpLogSegments',
}

const DEFAULT_TIMEOUT_MS = 60_000

/**
 * Runs one of Kafka's own tools, an independent witness of what is in a broker. Costs about 1.5 seconds of Java start-up.
 *
 * @param version - Whose tool; both talk to both brokers.
 * @param args - As on the command line, `--bootstrap-server` included.
 * @throws {@link JavaProgramError} when it ends with another exit code than 0, or takes longer than `timeoutMs` (60 seconds).
 */
export async function kafkaTool(
  version: 'kafka39' | 'kafka4',
  tool: KafkaToolName,
  args: readonly string[],
  { input, timeoutMs = DEFAULT_TIMEOUT_MS }: Partial<RunOptions> = {},
): Promise<Output> {
  const mainClass = (version === 'kafka39' ? MAIN_CLASSES_OF_39[tool] : undefined) ?? MAIN_CLASSES[tool]
  return runJava({ jars: version, mainClass, args, heapMegabytes: 256, logs: 'tool' }, { input, timeoutMs })
}
