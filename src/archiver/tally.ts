import type { Gap, PartitionVerdict } from '../archive/verdict.js'
import { type Progress, ProgressReporter, type RunOptions, ratePerSecond } from '../progress.js'
import type { ArchiveEvent } from './events.js'
import type { PartitionCursor } from './partition-cursor.js'

/** What a run achieved. */
export interface ArchiveSummary {
  /**
   * Id of the checkpoint that the run ended with. Empty where another process wrote it: with `share`, the leader of the
   * group does.
   */
  readonly checkpoint: string
  /** Segments stored by this run. */
  readonly segments: number
  /** Records archived by this run. */
  readonly records: bigint
  /** Bytes stored by this run. */
  readonly bytes: bigint
  /**
   * What the codec could not keep of the records that this run archived, such as `headers`, and of how many. Left out
   * where nothing was lost.
   */
  readonly losses?: Readonly<Record<string, bigint>>
  /** What the archive now holds of each partition that this run archived. */
  readonly partitions: readonly PartitionVerdict[]
  /** Whether every partition is complete. */
  readonly complete: boolean
}

/** Counts what a run has done. */
export class ArchiveTally {
  readonly progress: ProgressReporter<Progress>
  readonly #cursors: ReadonlySet<PartitionCursor>
  #segments = 0
  #records = 0n
  #bytes = 0n
  readonly #losses = new Map<string, bigint>()

  constructor(cursors: ReadonlySet<PartitionCursor>, { onProgress }: RunOptions) {
    this.#cursors = cursors
    this.progress = new ProgressReporter<Progress>(onProgress, (elapsedMs) => ({
      doneRecords: this.#records,
      doneBytes: this.#bytes,
      bytesPerSecond: ratePerSecond(this.#bytes, elapsedMs),
      lagRecords: [...cursors].reduce((lag, cursor) => lag + cursor.lag, 0n),
    }))
  }

  count(event: ArchiveEvent): void {
    if (event.type !== 'segment') return
    this.#segments++
    this.#records += BigInt(event.records)
    this.#bytes += BigInt(event.bytes)
    for (const [loss, records] of Object.entries(event.losses ?? {})) {
      this.#losses.set(loss, (this.#losses.get(loss) ?? 0n) + BigInt(records))
    }
  }

  summary(checkpoint: string): ArchiveSummary {
    const partitions = [...this.#cursors].map(verdictOfCursor).sort(byName)
    return {
      checkpoint,
      segments: this.#segments,
      records: this.#records,
      bytes: this.#bytes,
      ...(this.#losses.size > 0 && { losses: Object.fromEntries(this.#losses) }),
      partitions,
      complete: partitions.every(({ complete }) => complete),
    }
  }
}

function verdictOfCursor({
  identity,
  archived,
  complete,
  unseenTombstones,
  openFrom,
}: PartitionCursor): PartitionVerdict {
  const { topic, partition } = identity
  const { from, next, records } = archived
  const gaps: readonly Gap[] = [...archived.gaps, ...unseenTombstones]
  const open = openFrom === undefined ? {} : { openFrom }
  return { topic, partition, from, next, records, gaps, ...open, complete: complete && gaps.length === 0 }
}

function byName(a: PartitionVerdict, b: PartitionVerdict): number {
  if (a.topic !== b.topic) return a.topic < b.topic ? -1 : 1
  return a.partition - b.partition
}
