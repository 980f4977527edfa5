import { type GetOptions, MemoryStorage } from 'kafkeep'

/** Counts the bytes of bodies that are read. */
export class CountingStorage extends MemoryStorage {
  readBytes = 0

  override async *get(key: string, options?: GetOptions): AsyncGenerator<Uint8Array, void, void> {
    for await (const chunk of super.get(key, options)) {
      this.readBytes += chunk.length
      yield chunk
    }
  }
}
