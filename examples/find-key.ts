// Searches an archive for the records of a key, without a cluster: `npx tsx examples/find-key.ts orders customer-7`.
// Prints a line of JSON for each. SINCE and UNTIL narrow it; older segments than SINCE are not even read.
// Exit code 1 when there is none.
import { TopicArchive } from 'kafkeep'
import { program, s3Storage } from './connections.js'

await program(async () => {
  const [topic, key] = process.argv.slice(2)
  if (topic === undefined || key === undefined) throw new Error('name a topic and a key')
  const { SINCE, UNTIL } = process.env
  const times = {
    since: SINCE === undefined ? undefined : new Date(SINCE),
    until: UNTIL === undefined ? undefined : new Date(UNTIL),
  }
  const wanted = Buffer.from(key)
  const archive = new TopicArchive({ storage: s3Storage() })
  let found = 0
  // All partitions: which one a key goes to is up to each producer, and changes with the number of partitions.
  for (const { partition } of await archive.partitions(topic)) {
    for await (const record of archive.records({ topic, partition, ...times })) {
      if (record.key === null || !wanted.equals(record.key)) continue
      found += 1
      const { offset, timestampMs, value } = record
      const time = timestampMs < 0n ? null : new Date(Number(timestampMs)).toISOString()
      const text = value === null ? null : Buffer.from(value).toString()
      console.log(JSON.stringify({ partition, offset: String(offset), time, value: text }))
    }
  }
  if (found === 0) throw new Error(`no record of ${topic} has the key ${key}`)
})
