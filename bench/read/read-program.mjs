// Reads one archive and ends: what `npm run bench -- read` measures. Plain JavaScript on the built package, which is what
// users run. Prints what was wrong with it, or nothing.
import kafkajs from 'kafkajs'
import { FileSystemStorage, TopicArchive } from 'kafkeep'
import { KafkaJsTransport } from 'kafkeep/kafkajs'

const { directory, how, topic, records, brokers } = JSON.parse(process.argv[2] ?? '{}')
const storage = new FileSystemStorage({ directory })
const archive = new TopicArchive({ storage })

switch (how) {
  case 'verify':
    await print(archive.verify({ deep: true }))
    break
  case 'compare': {
    const kafka = new KafkaJsTransport(new kafkajs.Kafka({ brokers: [brokers], logLevel: kafkajs.logLevel.ERROR }))
    await print(archive.compare({ kafka, topics: [topic] }))
    await kafka.close()
    break
  }
  case 'records': {
    let read = 0
    for (const { partition } of await archive.partitions(topic)) {
      for await (const _ of archive.records({ topic, partition })) read++
    }
    if (read !== records) process.stdout.write(`${read} records of ${records}\n`)
    break
  }
  case 'read':
    for await (const { key } of storage.list('')) for await (const _ of storage.get(key));
    break
}

async function print(findings) {
  for await (const { text } of findings) process.stdout.write(`${text}\n`)
}
