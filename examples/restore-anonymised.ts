// Restores a topic of JSON values for a test system, with pseudonyms in the place of personal fields:
// `npx tsx examples/restore-anonymised.ts customers name email` makes `customers-anonymised`. TARGET gives another name.
// PSEUDONYM_SECRET makes the pseudonyms: with the same one a person has the same pseudonym in every topic.
// Numbers of more than 15 digits are rounded, as JSON.parse does.
import { createHmac } from 'node:crypto'
import { type KafkaRecord, TopicRestorer } from 'kafkeep'
import { kafkaTransport, program, required, s3Storage } from './connections.js'

await program(async () => {
  const [topic, ...named] = process.argv.slice(2)
  if (topic === undefined || named.length === 0) throw new Error('name a topic, and the fields to replace')
  const fields = new Set(named)
  const secret = required('PSEUDONYM_SECRET')
  const { TARGET = `${topic}-anonymised`, CHECKPOINT } = process.env
  await using kafka = kafkaTransport()
  const { records, complete } = await new TopicRestorer({ kafka, storage: s3Storage() }).run({
    topics: [topic],
    checkpoint: CHECKPOINT,
    rename: { [topic]: TARGET },
    groups: false,
    transform: (record) => anonymised(record, fields, secret),
  })
  console.log(`${records} records are in ${TARGET}`)
  if (!complete) throw new Error('not everything is restored')
})

/**
 * The same record always gives the same result, so that a restore that was cut off can go on. Keys are replaced as well,
 * since they often name people; records of one key stay in order. Headers may hold anything, and are left out.
 */
function anonymised(record: KafkaRecord, fields: ReadonlySet<string>, secret: string): KafkaRecord {
  const { topic, partition, offset, key, value } = record
  const pseudonymOf = (content: string | Uint8Array) =>
    createHmac('sha256', secret).update(content).digest('hex').slice(0, 16)
  const replace = (name: string, content: unknown) =>
    fields.has(name) && content !== null ? pseudonymOf(textOf(content)) : content
  const own = { ...record, headers: [], key: key === null ? null : Buffer.from(pseudonymOf(key)) }
  if (value === null) return own
  try {
    return { ...own, value: Buffer.from(JSON.stringify(JSON.parse(Buffer.from(value).toString(), replace))) }
  } catch {
    // Nothing that is not understood may pass. The message must not show the value.
    throw new Error(`${topic}-${partition}: the value at offset ${offset} is not JSON`)
  }
}

/** A text as it is, so that it has the pseudonym of the key with that text. */
function textOf(content: unknown): string {
  return typeof content === 'string' ? content : JSON.stringify(content)
}
