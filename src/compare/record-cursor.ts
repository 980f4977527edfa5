import type { ComparedBatch, ComparedRecord } from './compared-batch.js'

/** Goes through one side: by whole batches, or record by record inside of one. */
export class RecordCursor {
  readonly #batches: AsyncGenerator<ComparedBatch, void, void>
  #batch: ComparedBatch | undefined
  #records: Iterator<ComparedRecord> | undefined
  #record: ComparedRecord | undefined
  #ended = false

  constructor(batches: AsyncGenerator<ComparedBatch, void, void>) {
    this.#batches = batches
  }

  /** Whether {@link RecordCursor.load} has to be called. */
  get needsBatch(): boolean {
    return !this.#ended && this.#batch === undefined && this.#record === undefined
  }

  /** Takes the next batch, if there is one. */
  async load(): Promise<void> {
    const next = await this.#batches.next()
    if (next.done === true) this.#ended = true
    else this.#batch = next.value
  }

  /** The batch that comes next; `undefined` at the end, and once one of its records was looked at. */
  get batch(): ComparedBatch | undefined {
    return this.#batch
  }

  /** Leaves the batch that comes next. */
  skipBatch(): void {
    this.#batch = undefined
  }

  /**
   * The record that comes next; `undefined` at the end, and where {@link RecordCursor.needsBatch} has to be looked at
   * first.
   */
  get record(): ComparedRecord | undefined {
    if (this.#batch !== undefined) {
      this.#records = this.#batch.records()[Symbol.iterator]()
      this.#batch = undefined
      this.skipRecord()
    }
    return this.#record
  }

  /** Leaves the record that comes next. */
  skipRecord(): void {
    const next = this.#records?.next()
    this.#record = next === undefined || next.done === true ? undefined : next.value
  }

  /** Whether nothing comes any more. */
  get ended(): boolean {
    return this.#ended
  }

  /** Ends the side, wherever it is. */
  async close(): Promise<void> {
    await this.#batches.return()
  }
}
