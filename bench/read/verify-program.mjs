// Verifies one archive deeply and ends: what `npm run bench -- read` measures. Plain JavaScript on the built package,
// which is what users run. Prints how much was found.
import { FileSystemStorage, TopicArchive } from 'kafkeep'

const { directory } = JSON.parse(process.argv[2] ?? '{}')

let findings = 0
for await (const _ of new TopicArchive({ storage: new FileSystemStorage({ directory }) }).verify({ deep: true }))
  findings++
process.stdout.write(String(findings))
