// A program whose memory a test measures: `memory-program.ts BROKERS DIRECTORY TOPIC MEMORY_BYTES`. It archives the topic
// and tells what came of it, and how much of it was resident at most.
import { readFileSync } from 'node:fs'
import { Kafka, logLevel } from 'kafkajs'
import { FileSystemStorage, TopicArchiver } from 'kafkeep'
import { KafkaJsTransport } from 'kafkeep/kafkajs'

const [brokers = '', directory = '', topic = '', memory] = process.argv.slice(2)
const memoryBytes = Number(memory)
await using kafka = new KafkaJsTransport(new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING }))
const storage = new FileSystemStorage({ directory })
const archiver = new TopicArchiver({ kafka, storage, memoryBytes, segmentBytes: memoryBytes / 2 })
const { complete, bytes } = await archiver.run({ topics: [topic], groups: false })
process.stdout.write(`${JSON.stringify({ complete, bytes: Number(bytes), peakBytes: 1024 * peakKibibytes() })}\n`)

/** On Linux `maxRSS` of a process begins with what its parent had when it started it. */
function peakKibibytes(): number {
  if (process.platform !== 'linux') return process.resourceUsage().maxRSS
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1])
}
