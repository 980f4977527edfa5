// Copies topics to another cluster through a bucket, and compares the copy: `npx tsx examples/copy-topic.ts orders payments`.
// SOURCE_BROKERS and TARGET_BROKERS name the clusters. If it is cut off after it has printed a checkpoint, run it again
// with CHECKPOINT set to that one: it goes on where it was, and copies nothing twice. Give it a PREFIX of its own: its
// checkpoint names no other topics, and would be the newest one of a backup.
import { TopicArchive, TopicArchiver, TopicRestorer } from 'kafkeep'
import { kafkaTransport, program, s3Storage } from './connections.js'

await program(async () => {
  const topics = process.argv.slice(2)
  if (topics.length === 0) throw new Error('name the topics to copy')
  const storage = s3Storage()
  await using target = kafkaTransport('TARGET_BROKERS')
  const checkpoint = process.env['CHECKPOINT'] ?? (await archived(topics))
  console.log(`checkpoint ${checkpoint}`)

  const restorer = new TopicRestorer({ kafka: target, storage })
  console.log(String(await restorer.plan({ topics, checkpoint })))
  const { records, remarks, complete } = await restorer.run({ topics, checkpoint })
  for (const remark of remarks) console.log(remark)
  console.log(`${records} records copied`)
  if (!complete) throw new Error('not everything is copied')

  let differences = 0
  for await (const { kind, text } of new TopicArchive({ storage }).compare({ kafka: target, topics, checkpoint })) {
    differences += 1
    console.error(`${kind}: ${text}`)
  }
  if (differences > 0) throw new Error('the copy is not what it was copied from')
  console.log('the copy is the same')
})

/** Archives what the topics hold now; answers the checkpoint. */
async function archived(topics: readonly string[]): Promise<string> {
  await using kafka = kafkaTransport('SOURCE_BROKERS')
  // A group of its own: the position of a backup that also runs stays its own.
  const archiver = new TopicArchiver({ kafka, storage: s3Storage(), groupId: 'kafkeep-copy' })
  const { checkpoint, complete } = await archiver.run({ topics })
  if (!complete) throw new Error(`not everything is archived; to copy what is there, set CHECKPOINT=${checkpoint}`)
  return checkpoint
}
