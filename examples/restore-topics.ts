// Restores topics from S3: `npx tsx examples/restore-topics.ts orders payments`, or all topics without a name.
// CHECKPOINT names the state; the newest is the default.
import { TopicRestorer } from 'kafkeep'
import { kafkaTransport, program, s3Storage } from './connections.js'

await program(async () => {
  await using kafka = kafkaTransport()
  const restorer = new TopicRestorer({ kafka, storage: s3Storage() })
  const topics = process.argv.slice(2)
  const checkpoint = process.env['CHECKPOINT'] ?? 'latest'
  const options = topics.length > 0 ? { topics, checkpoint } : { checkpoint }
  console.log(String(await restorer.plan(options)))
  const { records, groups, remarks, complete } = await restorer.run(options)
  for (const remark of remarks) console.log(remark)
  console.log(`${records} records restored, ${groups} consumer groups set`)
  if (!complete) throw new Error('not everything is restored')
})
