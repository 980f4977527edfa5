import { delay } from './abort.js'

/** Holds back whoever takes more bytes than are allowed a second. What was not used is not saved up. */
export class RateLimit {
  readonly #bytesPerMs: number
  /** When everything taken so far is paid for. */
  #paidAtMs = 0

  constructor(bytesPerSecond: number) {
    this.#bytesPerMs = bytesPerSecond / 1_000
  }

  /** Waits until what was taken before is paid for, and takes `bytes`. */
  async take(bytes: number, signal: AbortSignal | undefined): Promise<void> {
    const nowMs = performance.now()
    const startMs = Math.max(nowMs, this.#paidAtMs)
    this.#paidAtMs = startMs + bytes / this.#bytesPerMs
    if (startMs > nowMs) await delay(startMs - nowMs, signal)
  }
}
