// Archives topics to S3: `npx tsx examples/archive-topics.ts orders payments`, or all topics without a name.
import { TopicArchiver } from 'kafkeep'
import { kafkaTransport, program, s3Storage } from './connections.js'

await program(async () => {
  await using kafka = kafkaTransport()
  const archiver = new TopicArchiver({ kafka, storage: s3Storage() })
  const topics = process.argv.slice(2)
  const { partitions, records, checkpoint, complete } = await archiver.run(topics.length > 0 ? { topics } : {})
  for (const { topic, partition, from, next, gaps } of partitions) {
    console.log(`${topic}-${partition}: offsets ${from} to ${next}, ${gaps.length} gaps`)
  }
  console.log(`${records} new records, checkpoint ${checkpoint}`)
  if (!complete) throw new Error('the archive is not complete')
})
