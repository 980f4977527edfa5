// Verifies an archive and pages somebody when it is not as it must be: `npx tsx examples/verify-and-page.ts`, from cron.
// PAGE_URL gets a POST with `{ "text": ... }`, as chat webhooks take it. SAMPLE is the share of the segments that is read (0.02).
// MAX_AGE_HOURS is how old the newest checkpoint may be (26: a day, and a night that took longer).
import { TopicArchive } from 'kafkeep'
import { numberFrom, program, required, s3Storage } from './connections.js'

/** A page is for a person; the whole list is in the job's own output. */
const SHOWN = 10

await program(async () => {
  const url = required('PAGE_URL')
  const sample = numberFrom('SAMPLE', 0.02)
  const maxAgeHours = numberFrom('MAX_AGE_HOURS', 26)
  const troubles: string[] = []
  try {
    const archive = new TopicArchive({ storage: s3Storage() })
    for await (const trouble of troublesOf(archive, sample, maxAgeHours)) troubles.push(trouble)
  } catch (error) {
    // An archive that cannot be looked at needs a person as well.
    troubles.push(`the archive could not be verified: ${(error as Error).message}`)
  }
  if (troubles.length === 0) return console.log('the archive is complete')
  for (const trouble of troubles) console.log(trouble)
  const more = troubles.length > SHOWN ? [`and ${troubles.length - SHOWN} more`] : []
  const text = ['The Kafka archive needs attention:', ...troubles.slice(0, SHOWN), ...more].join('\n')
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ text }),
    signal: AbortSignal.timeout(30_000),
  })
  throw new Error(answer.ok ? 'the archive needs attention; somebody was paged' : `the page got HTTP ${answer.status}`)
})

async function* troublesOf(archive: TopicArchive, sample: number, maxAgeHours: number): AsyncGenerator<string> {
  for await (const { kind, text } of archive.verify({ sample })) yield `${kind}: ${text}`
  for await (const { topic, topicId } of archive.topics()) {
    for (const { partition, gaps } of await archive.partitions(topic, { topicId })) {
      for (const { from, next, cause } of gaps)
        yield `${topic}-${partition}: offsets ${from} to ${next - 1n} are missing: ${cause}`
    }
  }
  let newestMs = 0
  for await (const { takenMs } of archive.checkpoints()) newestMs = Math.max(newestMs, takenMs)
  const hours = (Date.now() - newestMs) / 3_600_000
  if (hours > maxAgeHours)
    yield `the newest checkpoint is of ${newestMs === 0 ? 'never' : new Date(newestMs).toISOString()}`
}
