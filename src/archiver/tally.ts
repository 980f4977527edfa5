import { type PartitionVerdict, verdictOf } from '../archive/verdict.js'
import { type Progress, ProgressReporter, type RunOptions, ratePerSecond } from '../progress.js'
import type { ArchiveEvent } from './events.js'
import type { PartitionCursor } from './partition-cursor.js'

/** What a run achieved. */
export interface ArchiveSummary {
  /** Id of the checkpoint that the run ended with. */
  readonly checkpoint: string
  /** Segments stored by this run. */
  readonly segments: number
  /** Records archived by this run. */
  readonly records: bigint
  /** Bytes stored by this run. */
  readonly bytes: bigint
  /** What the archive now holds of each selected partition. */
  readonly partitions: readonly PartitionVerdict[]
  /** Whether every partition is complete. */
  readonly complete: boolean
}

/** Counts what a run has done. */
export class ArchiveTally {
  readonly progress: ProgressReporter<Progress>
  readonly #cursors: readonly PartitionCursor[]
  #segments = 0
  #records = 0n
  #bytes = 0n

  constructor(cursors: readonly PartitionCursor[], { onProgress }: RunOptions) {
    this.#cursors = cursors
    this.progress = new ProgressReporter<Progress>(onProgress, (elapsedMs) => ({
      doneRecords: this.#records,
      doneBytes: this.#bytes,
      bytesPerSecond: ratePerSecond(this.#bytes, elapsedMs),
      lagRecords: cursors.reduce((lag, { end, durable }) => lag + (end > durable ? end - durable : 0n), 0n),
    }))
  }

  count(event: ArchiveEvent): void {
    if (event.type !== 'segment') return
    this.#segments++
    this.#records += BigInt(event.records)
    this.#bytes += BigInt(event.bytes)
    this.progress.tick()
  }

  summary(checkpoint: string): ArchiveSummary {
    const partitions = this.#cursors.map((cursor) => {
      const reachedEnd = cursor.error === undefined && cursor.end === cursor.highWatermark
      return verdictOf(cursor.log, { next: cursor.durable, reachedEnd })
    })
    return {
      checkpoint,
      segments: this.#segments,
      records: this.#records,
      bytes: this.#bytes,
      partitions,
      complete: partitions.every(({ complete }) => complete),
    }
  }
}
