import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { fileURLToPath } from 'node:url'

const PROGRAM = fileURLToPath(new URL('./reaper.mjs', import.meta.url))

/** The id of a process, or the absolute path of a folder. */
export type ReaperTarget = number | string

/**
 * Ends what this process started as soon as this process ends: also by SIGKILL, when no handler of ours runs. The work
 * is done by a detached process at the other end of a pipe (`reaper.mjs`), which is told what to kill and what to delete.
 */
export class Reaper {
  readonly #process

  /** Starts the detached process. It does not keep this one alive. */
  constructor() {
    // Elsewhere than here, so that it never keeps the working directory of its owner from being deleted.
    this.#process = spawn(process.execPath, [PROGRAM], {
      detached: true,
      cwd: tmpdir(),
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    this.#process.unref()
    if (this.#process.stdin instanceof Socket) this.#process.stdin.unref()
    // Where somebody killed the reaper only its protection is lost: no reason to fail what its owner is doing.
    this.#process.stdin.on('error', () => {})
  }

  /** From now on the process is killed, or the folder deleted, when this process ends. */
  watch(target: ReaperTarget): void {
    this.#order('watch', target)
  }

  /** Takes {@link Reaper.watch} back. Due when a process has ended, because its id will be another's one day. */
  spare(target: ReaperTarget): void {
    this.#order('spare', target)
  }

  /** Kills and deletes everything that is watched now, and resolves when it is gone. Ends this reaper. */
  async reap(): Promise<void> {
    const ended = once(this.#process, 'exit')
    // Waiting for its end must keep this process alive, unlike the mere fact that it runs.
    this.#process.ref()
    this.#process.stdin.end()
    await ended
  }

  #order(verb: 'watch' | 'spare', target: ReaperTarget): void {
    this.#process.stdin.write(`${JSON.stringify({ verb, target })}\n`)
  }
}

let ofThisProcess: Reaper | undefined

/** The reaper of this process, started on first use. */
export function reaper(): Reaper {
  ofThisProcess ??= new Reaper()
  return ofThisProcess
}
