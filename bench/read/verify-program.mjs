// Reads one archive and ends: what `npm run bench -- read` measures. Plain JavaScript on the built package, which is what
// users run. Prints what was wrong with it, or nothing where it is only read.
import { FileSystemStorage, TopicArchive } from 'kafkeep'

const { directory, verify } = JSON.parse(process.argv[2] ?? '{}')
const storage = new FileSystemStorage({ directory })

if (verify) {
  for await (const { text } of new TopicArchive({ storage }).verify({ deep: true })) process.stdout.write(`${text}\n`)
} else {
  for await (const { key } of storage.list('')) for await (const _ of storage.get(key));
}
