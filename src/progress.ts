/** How far a run is. Counts are of this run, not of earlier ones. */
export interface Progress {
  /** Records that are done. */
  readonly doneRecords: bigint
  /** Records there are to do, where that is known. */
  readonly totalRecords?: bigint
  /** Bytes that are done. */
  readonly doneBytes: bigint
  /** Bytes there are to do, where that is known. */
  readonly totalBytes?: bigint
  /** Mean rate of this run so far. */
  readonly bytesPerSecond: number
  /** Records between what is durable and the end of the log, where that is known. */
  readonly lagRecords?: bigint
}

/** What every call that may take long accepts. */
export interface RunOptions<P = Progress> {
  /** Ends the work at once; its `reason` is rethrown as it is. What was not durable is done again next time. */
  readonly signal?: AbortSignal | undefined
  /** Called at most ten times a second, and once at the end. */
  readonly onProgress?: ((progress: P) => void) | undefined
}

const MIN_INTERVAL_MS = 100

/** Calls `onProgress` at most ten times a second with what `current` answers. */
export class ProgressReporter<P> {
  readonly #onProgress: ((progress: P) => void) | undefined
  readonly #current: (elapsedMs: number) => P
  readonly #startedMs = performance.now()
  #reportedMs = Number.NEGATIVE_INFINITY

  constructor(onProgress: ((progress: P) => void) | undefined, current: (elapsedMs: number) => P) {
    this.#onProgress = onProgress
    this.#current = current
  }

  /** Reports, unless the last report is less than 100 ms old. */
  tick(): void {
    if (this.#onProgress === undefined || performance.now() - this.#reportedMs < MIN_INTERVAL_MS) return
    this.finish()
  }

  /** Reports whatever the time of the last report. */
  finish(): void {
    this.#reportedMs = performance.now()
    this.#onProgress?.(this.#current(this.#reportedMs - this.#startedMs))
  }
}

/** Bytes per second after `elapsedMs`; 0 before any time has passed. */
export function ratePerSecond(doneBytes: bigint, elapsedMs: number): number {
  return elapsedMs <= 0 ? 0 : (Number(doneBytes) * 1000) / elapsedMs
}

/** Counts and reports what is done, where nobody knows how much there is to do. */
export class WorkDone {
  readonly #reporter: ProgressReporter<Progress>
  #records = 0n
  #bytes = 0n

  constructor(onProgress: RunOptions['onProgress']) {
    this.#reporter = new ProgressReporter<Progress>(onProgress, (elapsedMs) => ({
      doneRecords: this.#records,
      doneBytes: this.#bytes,
      bytesPerSecond: ratePerSecond(this.#bytes, elapsedMs),
    }))
  }

  /** Counts more that is done. */
  add({ records, bytes }: { readonly records: number; readonly bytes: number }): void {
    this.#records += BigInt(records)
    this.#bytes += BigInt(bytes)
    this.#reporter.tick()
  }

  /** Reports for the last time. */
  finish(): void {
    this.#reporter.finish()
  }
}
