// Reads one archive of the spredfast connector and ends: what `npm run bench -- spredfast` measures. Plain JavaScript on
// the built package, which is what users run. Prints how many records there were.
import { FileSystemStorage, spredfastLayout, TopicArchive } from 'kafkeep'

const { directory, topic, decode } = JSON.parse(process.argv[2] ?? '{}')
const archive = new TopicArchive({
  storage: new FileSystemStorage({ directory }),
  layout: spredfastLayout({ keys: true }),
})

let records = 0
if (decode) for await (const _ of archive.records({ topic, partition: 0 })) records++
else for await (const { recordCount } of archive.batches({ topic, partition: 0 })) records += recordCount
process.stdout.write(String(records))
