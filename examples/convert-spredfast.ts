// Turns a bucket of the spredfast Kafka Connect connector into an archive of kafkeep's own, without a cluster:
// `npx tsx examples/convert-spredfast.ts orders payments`, or all topics. It can be ended and run again at any time.
// BUCKET and PREFIX say where the new archive goes; OLD_BUCKET (the same bucket unless set) and OLD_PREFIX (the
// connector's s3.prefix) where the old one is. KEYS=1 stands for format.include.keys=true, TEXT=1 for format=text.
import { convertArchive, spredfastLayout, verdictTable } from 'kafkeep'
import { program, required, s3Bucket, s3Storage } from './connections.js'

await program(async () => {
  const { OLD_BUCKET = required('BUCKET'), OLD_PREFIX, KEYS, TEXT } = process.env
  const topics = process.argv.slice(2)
  const conversion = convertArchive({
    storage: s3Bucket(OLD_BUCKET),
    layout: spredfastLayout({
      prefix: OLD_PREFIX,
      keys: KEYS === '1',
      // In text a value that holds a line feed is several records, which the connector's indexes do not know.
      ...(TEXT === '1' && { format: 'text', useIndex: false }),
    }),
    to: s3Storage(),
    topics: topics.length > 0 ? topics : undefined,
  })
  let step = await conversion.next()
  for (; step.done !== true; step = await conversion.next()) {
    const event = step.value
    if (event.type === 'segment') console.log(`${event.key}: ${event.records} records`)
    if (event.type === 'checkpoint') console.log(`checkpoint ${event.id}`)
    if (event.type === 'damage') console.log(`${event.finding.text}\n  hint: ${event.finding.hint}`)
  }
  const { partitions, records, complete } = step.value
  console.log(`${verdictTable(partitions)}\n${records} records converted`)
  if (!complete) throw new Error('the archive is not complete')
})
