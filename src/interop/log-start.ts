import { readFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { TargetConflictError } from '../errors.js'
import { fileSystemCall, hasCode } from '../storage/filesystem-errors.js'

const CHECKPOINT = 'log-start-offset-checkpoint'
/** A topic, a partition and an offset. The lines before these hold one number each. */
const ENTRY = /^(\S+) (\d+) (\d+)$/

/**
 * A broker remembers beside its partitions where it has deleted records of one. Of a log that begins before that it
 * hides the beginning; one that ends before that it deletes.
 *
 * @throws {@link TargetConflictError} when the broker would do so with a log in `directory` that begins at `from`.
 */
export async function expectNoLaterStart(directory: string, from: bigint): Promise<void> {
  const path = join(dirname(resolve(directory)), CHECKPOINT)
  const own = basename(resolve(directory))
  for (const line of (await textOf(path)).split('\n')) {
    const [, topic, partition, offset = ''] = ENTRY.exec(line) ?? []
    if (`${topic}-${partition}` !== own || BigInt(offset) <= from) continue
    throw new TargetConflictError(
      `${path} says that the log of ${own} begins at offset ${offset}: the broker would drop what lies before`,
      { hint: 'nothing was written; delete the topic and create it again, so that the broker knows nothing of it' },
    )
  }
}

async function textOf(path: string): Promise<string> {
  const reading = readFile(path, 'utf8').catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return ''
    throw error
  })
  return fileSystemCall('read', path, reading)
}
