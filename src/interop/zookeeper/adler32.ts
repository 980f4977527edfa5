const BASE = 65_521
/** So many bytes can be summed up before a sum grows beyond 32 bits. */
const BLOCK_BYTES = 5_552

/** Adler-32 of the bytes that have passed (RFC 1950): what ZooKeeper seals its files with. */
export class Adler32 {
  #low = 1
  #high = 0

  /** The sum so far, unsigned. */
  get value(): number {
    return this.#high * 65_536 + this.#low
  }

  /** Adds the next bytes. */
  add(bytes: Uint8Array): this {
    let [low, high] = [this.#low, this.#high]
    for (let start = 0; start < bytes.length; start += BLOCK_BYTES) {
      const end = Math.min(start + BLOCK_BYTES, bytes.length)
      for (let index = start; index < end; index += 1) {
        low += bytes[index] ?? 0
        high += low
      }
      low %= BASE
      high %= BASE
    }
    this.#low = low
    this.#high = high
    return this
  }
}
