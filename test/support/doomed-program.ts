// A program that a test kills: `doomed-program.ts archive|restore BROKERS DIRECTORY TOPIC TARGET`. It says when it begins.
import { Kafka, logLevel } from 'kafkajs'
import { FileSystemStorage, TopicArchiver, TopicRestorer } from 'kafkeep'
import { KafkaJsTransport } from 'kafkeep/kafkajs'

const [verb, brokers = '', directory = '', topic = '', target = ''] = process.argv.slice(2)
await using kafka = new KafkaJsTransport(new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING }))
const storage = new FileSystemStorage({ directory })
process.stdout.write('begun\n')
if (verb === 'archive') {
  await new TopicArchiver({ kafka, storage, segmentBytes: 1_048_576 }).run({ topics: [topic], groups: false })
} else {
  await new TopicRestorer({ kafka, storage }).run({ topics: [topic], rename: () => target })
}
