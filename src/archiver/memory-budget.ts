/** Counts the bytes that a run holds or has asked for. Taking more than is free is possible: a batch may be larger. */
export class MemoryBudget {
  readonly #capacityBytes: number
  #usedBytes = 0

  constructor(capacityBytes: number) {
    this.#capacityBytes = capacityBytes
  }

  /** What may still be taken; below 0 where too much is held. */
  get freeBytes(): number {
    return this.#capacityBytes - this.#usedBytes
  }

  /** Whether nothing is held. */
  get unused(): boolean {
    return this.#usedBytes === 0
  }

  take(bytes: number): void {
    this.#usedBytes += bytes
  }

  give(bytes: number): void {
    this.#usedBytes -= bytes
  }
}
