import { spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Message } from 'kafkajs'
import { type ArchiveStorage, TopicArchive } from 'kafkeep'
import { reaper } from '../services/reaper.js'

const repository = join(import.meta.dirname, '../..')
const RECORDS_A_BATCH = 5
const VALUE_BYTES = 8_000
const UINT32 = 2 ** 32

/** What the program that is killed does, again and again. */
export type DoomedRun = DoomedTopicRun | DoomedZnodeRun | DoomedTidyingRun

/** A run that archives or restores a topic. */
interface DoomedTopicRun {
  readonly verb: 'archive' | 'restore'
  readonly brokers: readonly string[]
  /** Folder of the archive. */
  readonly directory: string
  readonly topic: string
  /** The topic that is restored to; an archiver needs none. */
  readonly target?: string | undefined
}

/** A run that takes a snapshot of znodes or restores the newest one. */
interface DoomedZnodeRun {
  readonly verb: 'snapshot-znodes' | 'restore-znodes'
  /** Connect string of the tree, with its chroot. */
  readonly connect: string
  /** Folder of the archive. */
  readonly directory: string
}

/** A run that merges or prunes an archive of topics. */
interface DoomedTidyingRun {
  readonly verb: 'merge' | 'prune'
  /** Folder of the archive. */
  readonly directory: string
  /** It has begun, in the eyes of who kills it, once it has changed so many objects. */
  readonly changesBefore: number
}

/** How a run ended: killed, or before the kill came. */
export type DoomedEnd = 'killed' | 'by-itself'

/** Options of {@link killOften}. */
export interface KillOptions {
  readonly kills: number
  /** Kills come before this has passed since a run has begun, in milliseconds. */
  readonly latestKillMs: number
  /** The same seed gives the same instants. */
  readonly seed: string
  /** Called after each kill with how many there were so far; the next run starts when it is done. */
  readonly afterKill?: ((kills: number, end: DoomedEnd) => Promise<void>) | undefined
}

/** The seed that the environment gives, or a new one. */
export function killSeed(environment: NodeJS.ProcessEnv): string {
  return environment['KAFKEEP_KILL_SEED'] || randomBytes(4).toString('hex')
}

/**
 * Starts a run and kills it at a random instant, so many times. A run may end before it is killed, but never with an
 * error.
 *
 * @param next - Tells what the next run is to do.
 */
export async function killOften(next: () => DoomedRun, options: KillOptions): Promise<void> {
  const { kills, latestKillMs, seed, afterKill = async () => {} } = options
  for (let kill = 1; kill <= kills; kill++) {
    const end = await runAndKill(next(), seededShare(seed, kill) * latestKillMs)
    await afterKill(kill, end)
  }
}

/** From 0 to 1 (exclusive), without a pattern, but the same for the same seed. */
export function seededShare(seed: string, kill: number): number {
  return createHash('sha256').update(`${seed} ${kill}`).digest().readUInt32BE() / UINT32
}

async function runAndKill(run: DoomedRun, afterMs: number): Promise<DoomedEnd> {
  const { program, args } = commandOf(run)
  const node = ['--import', 'tsx', join(repository, 'test/support', program), ...args]
  const doomed = spawn(process.execPath, node, { cwd: repository, stdio: ['ignore', 'pipe', 'inherit'] })
  const { pid } = doomed
  if (pid !== undefined) reaper().watch(pid)
  const ended = once(doomed, 'exit')
  await Promise.race([once(doomed.stdout, 'data'), ended])
  const unneeded = new AbortController()
  const instant = delay(afterMs, undefined, { signal: unneeded.signal }).catch(() => {})
  await Promise.race([instant, ended])
  unneeded.abort()
  doomed.kill('SIGKILL')
  const [code] = await ended
  if (pid !== undefined) reaper().spare(pid)
  if (code === null) return 'killed'
  if (code === 0) return 'by-itself'
  throw new Error(`a run that was to ${run.verb} ended by itself, with exit code ${code}`)
}

function commandOf(run: DoomedRun): { readonly program: string; readonly args: readonly string[] } {
  if ('connect' in run) return { program: 'doomed-znode-program.ts', args: [run.verb, run.connect, run.directory] }
  if ('changesBefore' in run) {
    return { program: 'doomed-tidying-program.ts', args: [run.verb, run.directory, String(run.changesBefore)] }
  }
  const { verb, brokers, directory, topic, target = '' } = run
  return { program: 'doomed-program.ts', args: [verb, brokers.join(','), directory, topic, target] }
}

/** Records `from` to `to` (exclusive) in small batches, so large that there is something to be killed in. */
export function largeBatches(from: number, to: number): Message[][] {
  const batches: Message[][] = []
  for (let start = from; start < to; start += RECORDS_A_BATCH) {
    const length = Math.min(RECORDS_A_BATCH, to - start)
    batches.push(
      Array.from({ length }, (_, index) => ({
        key: `key-${start + index}`,
        value: `value-${start + index} `.padEnd(VALUE_BYTES, 'x'),
      })),
    )
  }
  return batches
}

/**
 * How many records each partition of an archived topic has, and a digest over their offset, time, key and value: of those
 * that are committed, and of all.
 */
export async function digestsOf(storage: ArchiveStorage, topic: string): Promise<string[]> {
  const archive = new TopicArchive({ storage })
  const digests: string[] = []
  for (const { partition, next } of await archive.partitions(topic)) {
    const seen: string[] = []
    for (const isolation of ['committed', 'uncommitted'] as const) {
      const hash = createHash('sha256')
      let records = 0
      for await (const { offset, timestampMs, key, value } of archive.records({ topic, partition, isolation })) {
        hash.update(`${offset} ${timestampMs} ${Buffer.from(key ?? [])} ${Buffer.from(value ?? [])}\n`)
        records++
      }
      seen.push(`${records} ${isolation} records, ${hash.digest('hex')}`)
    }
    digests.push(`up to ${next}: ${seen.join(', ')}`)
  }
  return digests
}
