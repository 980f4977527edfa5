// Follows topics as a service: `node --import tsx examples/follow-service.ts orders payments`, or all topics without a name.
// GET /health on PORT (8080) answers 200 while archiving goes on and 503 when it does not, with the lag as JSON.
// SIGTERM and SIGINT end it in order: what was read is stored, a checkpoint is written. A second one kills it.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { TopicArchiver } from 'kafkeep'
import { kafkaTransport, numberFrom, program, s3Storage } from './connections.js'

/** A run that follows reports progress twice a second, also when there is nothing new. */
const SILENCE_MS = 60_000
/** A partition that cannot be read is reported again every minute. */
const STOPPED_MS = 120_000

await program(async () => {
  const stop = new AbortController()
  for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => stop.abort())
  const health = { progressMs: Date.now(), stoppedMs: 0, lagRecords: -1, checkpoint: '', trouble: '' }
  const server = createServer((request, response) => {
    if (request.url !== '/health') return response.writeHead(404).end()
    const nowMs = Date.now()
    const healthy = nowMs - health.progressMs < SILENCE_MS && nowMs - health.stoppedMs > STOPPED_MS
    response.writeHead(healthy ? 200 : 503, { 'content-type': 'application/json' })
    return response.end(`${JSON.stringify({ healthy, stopping: stop.signal.aborted, ...health })}\n`)
  })
  // Without the port nobody would know how the service is: then it does not start.
  await once(server.listen(Number(process.env['PORT'] ?? 8080)), 'listening')
  console.log(`health on port ${(server.address() as AddressInfo).port}`)
  try {
    await using kafka = kafkaTransport()
    const maxSegmentAgeMs = numberFrom('MAX_SEGMENT_AGE_MS', 60_000)
    const topics = process.argv.slice(2)
    const events = new TopicArchiver({ kafka, storage: s3Storage(), maxSegmentAgeMs }).stream({
      topics: topics.length > 0 ? topics : undefined,
      follow: true,
      stop: stop.signal,
      onProgress({ lagRecords = 0n }) {
        Object.assign(health, { progressMs: Date.now(), lagRecords: Number(lagRecords) })
      },
    })
    for await (const event of events) {
      if (event.type === 'checkpoint') health.checkpoint = event.id
      if (event.type === 'stopped') Object.assign(health, { stoppedMs: Date.now(), trouble: event.error.message })
      if (event.type === 'gap')
        console.error(`${event.topic}-${event.partition}: ${event.from} to ${event.next} are gone`)
    }
    console.log(`ended in order at checkpoint ${health.checkpoint}`)
  } finally {
    server.close()
    server.closeAllConnections()
  }
})
