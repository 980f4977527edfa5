// Brings a topic back as it was just before an accident, beside the live one:
// `npx tsx examples/restore-point-in-time.ts orders 2026-11-24T11:58:00Z` makes `orders-restored`, or the name behind it.
// What counts is each record's timestamp. CHECKPOINT names the state to take the records from. PLAN=only says what would happen and writes nothing.
import { TopicArchive, TopicRestorer } from 'kafkeep'
import { kafkaTransport, program, s3Storage } from './connections.js'

await program(async () => {
  const [topic, instant = '', target = `${topic}-restored`] = process.argv.slice(2)
  const until = new Date(instant)
  // A zone must be there: nobody should restore to an hour beside the one that was meant.
  const zoned = /T.*(Z|[+-]\d\d:\d\d)$/.test(instant) && !Number.isNaN(until.getTime())
  if (topic === undefined || !zoned) throw new Error('name a topic and an instant such as 2026-11-24T11:58:00Z')
  const storage = s3Storage()
  const checkpoint = process.env['CHECKPOINT'] ?? (await firstCheckpointAfter(new TopicArchive({ storage }), until))
  await using kafka = kafkaTransport()
  const restorer = new TopicRestorer({ kafka, storage })
  // Consumer groups keep their place in the live topic.
  const options = { topics: [topic], checkpoint, until, rename: { [topic]: target }, groups: false }
  const plan = await restorer.plan(options)
  console.log(`from checkpoint ${checkpoint}\n${plan}`)
  if (process.env['PLAN'] === 'only') {
    if (plan.problems.length > 0) process.exitCode = 1
    return
  }
  const { records, remarks, complete } = await restorer.run(options)
  for (const remark of remarks) console.log(remark)
  console.log(`${records} records of before ${until.toISOString()} are in ${target}`)
  if (!complete) throw new Error('not everything is restored')
})

/**
 * The first one with everything that was written before the instant; a later one may lack what retention has deleted
 * since. A run that follows stores records minutes after they were written, so an hour is left to it. Right after an
 * accident it is the newest one.
 */
async function firstCheckpointAfter(archive: TopicArchive, instant: Date): Promise<string> {
  let newest: string | undefined
  for await (const { id, takenMs } of archive.checkpoints()) {
    if (takenMs >= instant.getTime()) newest = id
    if (takenMs >= instant.getTime() + 3_600_000) break
  }
  if (newest !== undefined) return newest
  throw new Error(`no checkpoint was taken after ${instant.toISOString()}: archive the topic first`)
}
