// A program that a test kills: `doomed-tidying-program.ts merge|prune DIRECTORY CHANGES`. It says that it begins once it
// has changed so many objects, so that kills come everywhere in it however fast the machine is.
// It loads no more of kafkeep than it needs: it is started often.

import { drain } from '../../src/internal/drain.js'
import { FileSystemStorage } from '../../src/storage/filesystem.js'
import type { ArchiveStorage } from '../../src/storage/storage.js'
import { TopicArchive } from '../../src/topic-archive.js'
import { TIDYING } from './tidying.js'

const [verb, directory = '', changesBefore] = process.argv.slice(2)
let changes = 0
const storage = new Proxy<ArchiveStorage>(new FileSystemStorage({ directory }), {
  get(target, name) {
    const value: unknown = Reflect.get(target, name, target)
    if (typeof value !== 'function') return value
    if ((name === 'put' || name === 'delete') && changes++ === Number(changesBefore)) process.stdout.write('begun\n')
    return value.bind(target)
  },
})
const archive = new TopicArchive({ storage })
await drain<void>(verb === 'merge' ? archive.merge(TIDYING.merge) : archive.prune(TIDYING.prune))
