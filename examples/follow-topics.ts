// Follows topics to S3: `node --import tsx examples/follow-topics.ts orders payments`, or all topics without a name.
// SHARE=yes divides the work among all processes that run this. SIGTERM and SIGINT end it in order; a second one kills it.
import { type ArchiveEvent, TopicArchiver } from 'kafkeep'
import { kafkaTransport, program, s3Storage } from './connections.js'

await program(async () => {
  const stop = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => stop.abort())
  await using kafka = kafkaTransport()
  const maxSegmentAgeMs = Number(process.env['MAX_SEGMENT_AGE_MS'] ?? 60_000)
  const archiver = new TopicArchiver({ kafka, storage: s3Storage(), maxSegmentAgeMs })
  const topics = process.argv.slice(2)
  const events = archiver.stream({
    ...(topics.length > 0 && { topics }),
    follow: true,
    share: process.env['SHARE'] === 'yes',
    stop: stop.signal,
  })
  for await (const event of events) console.log(line(event))
})

function line(event: ArchiveEvent): string {
  if (event.type === 'checkpoint') return `checkpoint ${event.id}`
  const name = `${event.topic}-${event.partition}`
  switch (event.type) {
    case 'segment':
      return `${name}: offsets ${event.from} to ${event.next} are stored, ${event.records} records`
    case 'gap':
      return `${name}: offsets ${event.from} to ${event.next} are gone, because of ${event.cause}`
    case 'diverged':
      return `${name}: the log is another one from offset ${event.at} on, generation ${event.generation} begins`
    case 'open-transaction':
      return `${name}: waits at offset ${event.lastStableOffset} for a transaction, open since ${new Date(event.sinceMs).toISOString()}`
    case 'stopped':
      return `${name}: ${event.error.message}`
  }
}
