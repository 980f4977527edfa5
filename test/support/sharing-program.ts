// One of several processes that share an archive: `sharing-program.ts BROKERS DIRECTORY GROUP TOPIC FOLLOW`. It tells each
// event as a line of JSON, and ends in order when its standard input does.
import { Kafka, logLevel } from 'kafkajs'
import { FileSystemStorage, TopicArchiver } from 'kafkeep'
import { KafkaJsTransport } from 'kafkeep/kafkajs'

const [brokers = '', directory = '', groupId = '', topic = '', follow] = process.argv.slice(2)
const kafka = new KafkaJsTransport(new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING }))
const storage = new FileSystemStorage({ directory })
const stop = new AbortController()
process.stdin.on('end', () => stop.abort()).resume()

const archiver = new TopicArchiver({ kafka, storage, groupId, segmentBytes: 1_048_576, maxSegmentAgeMs: 1_000 })
const job = follow === 'follow' ? { follow: true, stop: stop.signal } : {}
const run = archiver.stream({ topics: [topic], share: true, groups: false, ...job })
for (let next = await run.next(); ; next = await run.next()) {
  if (next.done === true) {
    tell({ type: 'summary', complete: next.value.complete, checkpoint: next.value.checkpoint })
    break
  }
  tell(next.value)
}
await kafka.close()
process.stdin.destroy()

function tell(event: object): void {
  process.stdout.write(`${JSON.stringify(event, (_, value) => (typeof value === 'bigint' ? `${value}` : value))}\n`)
}
