// A member of a group that a test freezes: `member-program.ts BROKERS GROUP TOPIC`. It answers each line with a line:
// `next` with its next assignment, `commit` with what became of a commit. It leaves when there are no more lines.
import { createInterface } from 'node:readline'
import { Kafka, logLevel } from 'kafkajs'
import { type GroupAssignment, TransportError } from 'kafkeep'
import { KafkaJsTransport } from 'kafkeep/kafkajs'

const [brokers = '', groupId = '', topic = ''] = process.argv.slice(2)
await using kafka = new KafkaJsTransport(new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING }))
const membership = await kafka.joinGroup(groupId, [topic])
let told: GroupAssignment = { partitions: [], leader: false }

async function answer(command: string): Promise<unknown> {
  if (command === 'next') {
    told = await membership.nextAssignment()
    return told
  }
  const place = { offset: 5n, leaderEpoch: -1, metadata: 'frozen' }
  try {
    await membership.commit(told.partitions.map((partition) => ({ ...partition, ...place })))
    return 'committed'
  } catch (error) {
    return error instanceof TransportError ? error.reason : String(error)
  }
}

for await (const command of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(command))}\n`)
}
