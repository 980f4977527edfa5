// Says what is in an archive, without a cluster: `npx tsx examples/look-at-archive.ts orders payments`, or all topics.
import { TopicArchive } from 'kafkeep'
import { program, s3Storage } from './connections.js'

await program(async () => {
  const archive = new TopicArchive({ storage: s3Storage() })
  for await (const { id, takenMs, clusterId, topics } of archive.checkpoints()) {
    console.log(`checkpoint ${id}: ${topics} topics of cluster ${clusterId}, taken ${new Date(takenMs).toISOString()}`)
  }
  const wanted = process.argv.slice(2)
  for await (const { topic, topicId, firstSeenMs } of archive.topics()) {
    if (wanted.length > 0 && !wanted.includes(topic)) continue
    console.log(`topic ${topic}: id ${topicId}, first seen ${new Date(firstSeenMs).toISOString()}`)
    for (const { partition, from, next, records, gaps } of await archive.partitions(topic, { topicId })) {
      console.log(`  ${topic}-${partition}: offsets ${from} to ${next}, ${records} records`)
      for (const gap of gaps) console.log(`    offsets ${gap.from} to ${gap.next} are missing: ${gap.cause}`)
    }
  }
})
