// Archives one topic and ends: what `npm run bench -- archive` measures. Plain JavaScript on the built package, which is
// what users run. Prints what was archived, so that the bench can check it.
import kafkajs from 'kafkajs'
import { FileSystemStorage, TopicArchiver } from 'kafkeep'
import { KafkaJsTransport } from 'kafkeep/kafkajs'

const { brokers, topic, groupId, directory, s3 } = JSON.parse(process.argv[2] ?? '{}')

const kafka = new KafkaJsTransport(new kafkajs.Kafka({ brokers: [brokers], logLevel: kafkajs.logLevel.ERROR }))
try {
  const storage = s3 === undefined ? new FileSystemStorage({ directory }) : await s3Storage(s3)
  const { records, bytes, complete } = await new TopicArchiver({ kafka, storage, groupId }).run({ topics: [topic] })
  process.stdout.write(JSON.stringify({ records: Number(records), bytes: Number(bytes), complete }))
} finally {
  await kafka.close()
}

/** The SDK is loaded only where it is used: it takes memory and time. */
async function s3Storage({ client, bucket, prefix }) {
  const { S3Client } = await import('@aws-sdk/client-s3')
  const { S3Storage } = await import('kafkeep/s3')
  return new S3Storage({ client: new S3Client(client), bucket, prefix })
}
