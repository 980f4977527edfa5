import { storageContract } from 'kafkeep/testing'
import { describe, expect, test } from 'vitest'
import { StorageError } from '../../../src/errors.js'
import { MemoryStorage } from '../../../src/storage/memory.js'
import type { ArchiveStorage, GetOptions, ListOptions, ObjectBody, PutOptions } from '../../../src/storage/storage.js'

/** Replaces objects. */
class Replacing extends MemoryStorage {
  override async put(key: string, body: ObjectBody, options?: PutOptions) {
    await this.delete(key)
    return super.put(key, body, options)
  }
}

/** Asks before it writes, and believes the answer for too long. */
class Racing extends MemoryStorage {
  override async put(key: string, body: ObjectBody, options?: PutOptions) {
    const before = await this.head(key)
    const { info } = await super.put(key, body, options)
    return { created: before === undefined, info }
  }
}

class IgnoringChecksums extends MemoryStorage {
  override put(key: string, body: ObjectBody, options: PutOptions = {}) {
    return super.put(key, body, { signal: options.signal })
  }
}

/** Keeps what has come when the body fails. */
class Torn extends MemoryStorage {
  override async put(key: string, body: ObjectBody, options?: PutOptions) {
    const chunks: Uint8Array[] = []
    try {
      for await (const chunk of typeof body === 'function' ? body() : [body].flat()) chunks.push(chunk)
    } catch (error) {
      await super.put(key, chunks)
      throw error
    }
    return super.put(key, chunks, options)
  }
}

class IgnoringSignals extends MemoryStorage {
  override get(key: string, { startByte, endByte }: GetOptions = {}) {
    return super.get(key, { startByte, endByte })
  }
}

class WrappingReasons extends MemoryStorage {
  override async head(key: string, options = {}) {
    return super.head(key, options).catch((cause) => {
      throw cause instanceof TypeError ? cause : new StorageError('failed', { cause })
    })
  }
}

class UnsortedListing extends MemoryStorage {
  override async *list(prefix: string, options?: ListOptions) {
    const found = []
    for await (const info of super.list(prefix, options)) found.push(info)
    // As UTF-16, which is what sort() does.
    yield* found.sort((a, b) => (a.key < b.key ? -1 : 1))
  }
}

class OnePageListing extends MemoryStorage {
  override async *list(prefix: string, options?: ListOptions) {
    let left = 1_000
    for await (const info of super.list(prefix, options)) {
      if (left === 0) return
      left -= 1
      yield info
    }
  }
}

class IgnoringStartAfter extends MemoryStorage {
  override list(prefix: string, { signal }: ListOptions = {}) {
    return super.list(prefix, { signal })
  }
}

class OffByOneRange extends MemoryStorage {
  override get(key: string, options: GetOptions = {}) {
    const { endByte } = options
    return super.get(key, { ...options, endByte: endByte === undefined ? undefined : endByte + 1 })
  }
}

class MissingIsEmpty extends MemoryStorage {
  override async *get(key: string, options?: GetOptions) {
    if ((await this.head(key, { signal: options?.signal })) !== undefined) yield* super.get(key, options)
  }
}

class FoldingCase extends MemoryStorage {
  override put(key: string, body: ObjectBody, options?: PutOptions) {
    return super.put(key.toLowerCase(), body, options)
  }
  override get(key: string, options?: GetOptions) {
    return super.get(key.toLowerCase(), options)
  }
}

const BROKEN: readonly (readonly [name: string, open: () => ArchiveStorage, failing: string])[] = [
  ['replaces objects', () => new Replacing(), 'does not replace an object, and tells of the one that is there'],
  ['lets two writers through', () => new Racing(), 'lets one of 20 writers at once create an object, whole'],
  ['ignores checksums', () => new IgnoringChecksums(), 'refuses a body of 1000 bytes that does not match'],
  ['keeps torn objects', () => new Torn(), 'leaves nothing behind when the body fails after 1000 bytes'],
  ['ignores signals', () => new IgnoringSignals(), 'ends a read when the signal fires between two chunks'],
  ['wraps reasons of signals', () => new WrappingReasons(), 'rejects head with the reason itself'],
  ['sorts in UTF-16', () => new UnsortedListing(), 'lists in UTF-8 byte order'],
  ['lists one page', () => new OnePageListing(), 'lists more than a thousand objects'],
  ['ignores where to start', () => new IgnoringStartAfter(), 'starts a listing after a key'],
  ['reads one byte too many', () => new OffByOneRange(), 'reads a range: the middle'],
  ['gives no bytes of missing objects', () => new MissingIsEmpty(), 'rejects a read of a missing object'],
  ['folds case', () => new FoldingCase(), 'keeps odd keys apart'],
]

describe('the storage contract', () => {
  test.each(BROKEN)('fails a storage that %s', async (_, open, failing) => {
    const tests = contractTests(open).filter(({ name }) => name.startsWith(failing))
    expect(tests).toHaveLength(1)
    for (const { body } of tests) await expect(body()).rejects.toThrow()
  })

  test('refuses options that it does not know', () => {
    const options = Object.assign({ maxKeyBytes: 100 }, { maxBytes: 1 })
    const define = () =>
      storageContract(
        () => {},
        async () => new MemoryStorage(),
        options,
      )
    expect(define).toThrow('has no option `maxBytes`')
  })
})

function contractTests(open: () => ArchiveStorage): { readonly name: string; readonly body: () => Promise<void> }[] {
  const tests: { readonly name: string; readonly body: () => Promise<void> }[] = []
  const collect = (name: string, body: () => Promise<void>) => tests.push({ name, body })
  storageContract(collect, async () => open())
  return tests
}
