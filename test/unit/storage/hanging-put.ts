// Started by filesystem.test.ts, which kills it in the middle of its put.
import { FileSystemStorage } from '../../../src/storage/filesystem.js'

const [, , directory = ''] = process.argv
const keepAlive = setTimeout(() => {}, 60_000)

async function* endless() {
  yield new Uint8Array(100_000)
  process.stdout.write('written\n')
  await new Promise(() => {})
}

await new FileSystemStorage({ directory }).put('topics/a/1.log', endless)
clearTimeout(keepAlive)
