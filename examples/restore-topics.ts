// Restores topics from S3: `npx tsx examples/restore-topics.ts orders payments`, or all topics without a name.
// PLAN=only says what would happen and writes nothing. CHECKPOINT names the state; the newest is the default.
// OFFSETS is auto, exact or translate. BYTES_PER_SECOND limits what is sent.
import { type RestoreEvent, type RestoreOptions, TopicRestorer } from 'kafkeep'
import { kafkaTransport, program, s3Storage } from './connections.js'

await program(async () => {
  await using kafka = kafkaTransport()
  const restorer = new TopicRestorer({ kafka, storage: s3Storage() })
  const topics = process.argv.slice(2)
  const { PLAN, CHECKPOINT, OFFSETS, BYTES_PER_SECOND } = process.env
  const options: RestoreOptions = {
    topics: topics.length > 0 ? topics : undefined,
    checkpoint: CHECKPOINT,
    offsets: OFFSETS as RestoreOptions['offsets'],
    bytesPerSecond: BYTES_PER_SECOND === undefined ? undefined : Number(BYTES_PER_SECOND),
  }
  const plan = await restorer.plan(options)
  console.log(String(plan))
  if (PLAN === 'only') {
    if (plan.problems.length > 0) process.exitCode = 1
    return
  }
  const events = restorer.stream(options)
  let step = await events.next()
  for (; !step.done; step = await events.next()) console.log(line(step.value))
  const { records, groups, held, remarks, complete } = step.value
  for (const [topic, configs] of Object.entries(held)) console.log(`${topic} still has ${JSON.stringify(configs)}`)
  for (const remark of remarks) console.log(remark)
  console.log(`${records} records restored, ${groups} consumer groups set`)
  if (!complete) throw new Error('not everything is restored')
})

function line(event: RestoreEvent): string {
  switch (event.type) {
    case 'topic':
      return `${event.target}: ready`
    case 'progress':
      return `${event.topic}-${event.partition}: ${event.records} records, the target ends at offset ${event.targetNext}`
    case 'damage':
      return `left out: ${event.finding.text}`
    case 'groups':
      return `group ${event.groupId}: ${event.error?.message ?? `${event.moved} offsets set`}`
    case 'released':
      return `${event.target}: done`
  }
}
