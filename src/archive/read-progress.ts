import type { RecordBatchView } from '../batch/record-batch.js'
import { type Progress, ProgressReporter, type RunOptions, ratePerSecond } from '../progress.js'
import type { ChainLink } from './chain.js'
import type { SegmentInfo } from './partition-log.js'

/** Reports how much of a chain has been read. */
export class ReadProgress {
  readonly #reporter: ProgressReporter<Progress>
  #records = 0n
  #bytes = 0n

  constructor(chain: readonly ChainLink<SegmentInfo>[], onProgress: RunOptions['onProgress']) {
    const totalRecords = chain.reduce((sum, { segment }) => sum + BigInt(segment.records), 0n)
    const totalBytes = chain.reduce((sum, { segment }) => sum + BigInt(segment.sizeBytes), 0n)
    this.#reporter = new ProgressReporter<Progress>(onProgress, (elapsedMs) => ({
      doneRecords: this.#records,
      totalRecords,
      doneBytes: this.#bytes,
      totalBytes,
      bytesPerSecond: ratePerSecond(this.#bytes, elapsedMs),
    }))
  }

  /** Counts a batch that was handed out. */
  take(batch: RecordBatchView): void {
    if (!batch.control) this.#records += BigInt(batch.recordCount)
    this.#bytes += BigInt(batch.bytes.length)
    this.#reporter.tick()
  }

  /** Reports for the last time. */
  finish(): void {
    this.#reporter.finish()
  }
}
