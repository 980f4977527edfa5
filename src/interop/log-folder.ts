import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { offset20 } from '../archive/names.js'
import { TargetConflictError } from '../errors.js'
import { fileSystemCall, hasCode } from '../storage/filesystem-errors.js'
import { linkNew, syncFolders, TEMPORARY_FOLDER, writeTemporary } from '../storage/filesystem-write.js'

const LOG_FILE = /^\d{20}\.log$/
/** What a broker keeps of a log, and reads when it starts; not `partition.metadata`, which is of the topic. */
const BROKER_FILE = /\.(?:log|index|timeindex|txnindex|snapshot|deleted|cleaned|swap)$|^leader-epoch-checkpoint$/
const MAX_NAMES_SHOWN = 5

/**
 * A partition's folder that gets its log. The files are written in a folder inside, and get their names once all of them
 * are safe on the disk. While the folder inside is there, the export is unfinished and the log files are its own.
 */
export class LogFolder {
  readonly #directory: string
  readonly #temporary: string
  readonly #written: { readonly path: string; readonly temporaryPath: string }[] = []

  private constructor(directory: string) {
    this.#directory = directory
    this.#temporary = join(directory, TEMPORARY_FOLDER)
  }

  /**
   * Makes the folder ready: creates it, or clears away what an export that was killed has left in it.
   *
   * @throws {@link TargetConflictError} when it holds a log.
   */
  static async open(directory: string): Promise<LogFolder> {
    const folder = new LogFolder(directory)
    const names = await namesIn(directory)
    const ownLogs = names.includes(TEMPORARY_FOLDER) ? names.filter((name) => LOG_FILE.test(name)) : []
    const foreign = names.filter((name) => BROKER_FILE.test(name) && !ownLogs.includes(name))
    if (foreign.length > 0) throw notEmpty(directory, foreign.sort())
    for (const name of ownLogs) await fileSystemCall('remove', join(directory, name), rm(join(directory, name)))
    if (ownLogs.length > 0) await folder.#sync()
    await folder.discard()
    await fileSystemCall('create', directory, mkdir(directory, { recursive: true }))
    return folder
  }

  /** Writes the file whose name says that it begins at `offset`, safe on the disk, but not yet under that name. */
  async write(offset: bigint, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    const path = join(this.#directory, `${offset20(offset)}.log`)
    this.#written.push({ path, temporaryPath: await writeTemporary(this.#directory, path, chunks) })
  }

  /** Gives all files their names and returns their paths. */
  async publish(): Promise<string[]> {
    for (const { path, temporaryPath } of this.#written) {
      if (!(await linkNew(path, temporaryPath, path))) throw notEmpty(this.#directory, [path])
    }
    await this.#sync()
    await this.#removeTemporary()
    await this.#sync()
    return this.#written.map(({ path }) => path)
  }

  /** Removes everything that was written so far. Not for use once {@link LogFolder.publish} has begun. */
  async discard(): Promise<void> {
    this.#written.length = 0
    await this.#removeTemporary()
  }

  async #removeTemporary(): Promise<void> {
    await fileSystemCall('remove', this.#temporary, rm(this.#temporary, { recursive: true, force: true }))
  }

  async #sync(): Promise<void> {
    await fileSystemCall('flush', this.#directory, syncFolders(this.#directory, this.#directory))
  }
}

async function namesIn(directory: string): Promise<string[]> {
  return fileSystemCall(
    'list',
    directory,
    readdir(directory).catch((error: unknown) => {
      if (hasCode(error, 'ENOENT')) return []
      throw error
    }),
  )
}

function notEmpty(directory: string, names: readonly string[]): TargetConflictError {
  const more = names.length > MAX_NAMES_SHOWN ? ` and ${names.length - MAX_NAMES_SHOWN} more` : ''
  return new TargetConflictError(
    `${directory} holds a log already: ${names.slice(0, MAX_NAMES_SHOWN).join(', ')}${more}`,
    {
      hint: 'nothing was changed; stop the broker and move these files away first',
    },
  )
}
