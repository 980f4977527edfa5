import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import type { GroupAssignment } from 'kafkeep'

const repository = join(import.meta.dirname, '../..')

/** A process of its own that is a member of a group. */
export class MemberProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>
  readonly #lines: AsyncIterator<string>
  readonly #ended: Promise<unknown[]>

  constructor(brokers: readonly string[], groupId: string, topic: string) {
    const program = join(repository, 'test/support/member-program.ts')
    const args = ['--import', 'tsx', program, brokers.join(','), groupId, topic]
    this.#child = spawn(process.execPath, args, { cwd: repository, stdio: ['pipe', 'pipe', 'inherit'] })
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]()
    this.#ended = once(this.#child, 'exit')
  }

  /** What the member is told next. */
  async next(): Promise<GroupAssignment> {
    return JSON.parse(await this.#ask('next'))
  }

  /** `committed`, or why a commit was refused. */
  async commit(): Promise<string> {
    return JSON.parse(await this.#ask('commit'))
  }

  freeze(): void {
    this.#child.kill('SIGSTOP')
  }

  thaw(): void {
    this.#child.kill('SIGCONT')
  }

  /** Lets it leave, and answers its exit code. */
  async end(): Promise<unknown> {
    this.#child.stdin.end()
    const [code] = await this.#ended
    return code
  }

  /** Leaves nothing behind, whatever the test has come to. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended
  }

  async #ask(command: string): Promise<string> {
    this.#child.stdin.write(`${command}\n`)
    const { value, done } = await this.#lines.next()
    if (done === true) throw new Error(`the member ended when it was told to ${command}`)
    return value
  }
}
