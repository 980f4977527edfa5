// Restores one topic and ends: what `npm run bench -- restore` measures. Plain JavaScript on the built package, which is
// what users run. Prints whether everything was restored.
import kafkajs from 'kafkajs'
import { FileSystemStorage, TopicRestorer } from 'kafkeep'
import { KafkaJsTransport } from 'kafkeep/kafkajs'

const { brokers, directory, topic, target, offsets } = JSON.parse(process.argv[2] ?? '{}')

const kafka = new KafkaJsTransport(new kafkajs.Kafka({ brokers: [brokers], logLevel: kafkajs.logLevel.ERROR }))
try {
  const restorer = new TopicRestorer({ kafka, storage: new FileSystemStorage({ directory }) })
  const { complete } = await restorer.run({ topics: [topic], rename: { [topic]: target }, offsets, groups: false })
  process.stdout.write(JSON.stringify({ complete }))
} finally {
  await kafka.close()
}
