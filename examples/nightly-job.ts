// A job for every night: archives, verifies, deletes old checkpoints, and prints a report for cron to mail.
// `node --import tsx examples/nightly-job.ts orders payments`, or all topics without a name. Exit code 1 asks for attention.
// MAX_MINUTES ends archiving in order when the night is over (360); the next night goes on from there.
// SAMPLE is the share of the segments that is read back each night (0.02). KEEP_DAYS: without it nothing is deleted.
import { TopicArchive, TopicArchiver, verdictTable } from 'kafkeep'
import { kafkaTransport, numberFrom, program, s3Storage } from './connections.js'

await program(async () => {
  const stop = AbortSignal.timeout(numberFrom('MAX_MINUTES', 360) * 60_000)
  const sample = numberFrom('SAMPLE', 0.02)
  const keepDays = process.env['KEEP_DAYS'] === undefined ? undefined : numberFrom('KEEP_DAYS', 30)
  const names = process.argv.slice(2)
  const topics = names.length > 0 ? names : undefined
  const storage = s3Storage()
  await using kafka = kafkaTransport()

  const { records, bytes, partitions, checkpoint, complete } = await new TopicArchiver({ kafka, storage }).run({
    topics,
    stop,
  })
  console.log(`${records} new records, ${bytes} bytes, checkpoint ${checkpoint}\n${verdictTable(partitions)}`)

  const archive = new TopicArchive({ storage })
  let findings = 0
  for await (const { kind, text, hint } of archive.verify({ topics, sample })) {
    findings += 1
    console.log(`${kind}: ${text}${hint === undefined ? '' : `\n  ${hint}`}`)
  }
  console.log(`${findings} findings`)

  // Old states stay as long as it is not sure that the new one is good.
  if (!complete || findings > 0) throw new Error('the archive needs attention; nothing was deleted')
  if (keepDays === undefined) return
  const olderThan = new Date(Date.now() - keepDays * 86_400_000)
  let freed = 0
  for await (const object of archive.prune({ topics, olderThan })) freed += object.bytes
  console.log(`${freed} bytes deleted that only states of more than ${keepDays} days ago need`)
})
