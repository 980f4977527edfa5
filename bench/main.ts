// `npm run bench -- NAME`: measures one thing beside what it is compared with, in one run.
import { archiveBench } from './archive.js'
import { codecBench } from './codec.js'
import { readBench } from './read.js'
import { restoreBench } from './restore.js'
import { scaleBench } from './scale.js'
import { spredfastBench } from './spredfast.js'
import { znodesBench } from './znodes.js'

const BENCHES: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
  archive: archiveBench,
  codec: codecBench,
  read: readBench,
  restore: restoreBench,
  scale: scaleBench,
  spredfast: spredfastBench,
  znodes: znodesBench,
}

const [name = '', ...args] = process.argv.slice(2)
const bench = BENCHES[name]
if (bench === undefined) {
  process.stderr.write(
    `there is no bench ${name || '(none was named)'}: choose one of ${Object.keys(BENCHES).join(', ')}\n`,
  )
  process.exitCode = 1
} else {
  await bench(args)
}
