import { KafkeepError } from '../errors.js'
import { backoffMs, delay } from '../internal/abort.js'
import { integerOption, rejectUnknownOptions } from '../internal/options.js'
import { compareUtf8 } from '../internal/utf8.js'
import { checkedGet, checkKeyCall, checkList, checkListPrefixes, checkPut, storageOption } from './call-options.js'
import { measureBody } from './object-body.js'
import type {
  ArchiveStorage,
  GetOptions,
  ListOptions,
  ObjectBody,
  ObjectInfo,
  PutOptions,
  PutResult,
  StorageCallOptions,
  StorageCapabilities,
} from './storage.js'

const DEFAULTS = { attempts: 5, maxDelayMs: 30_000 }
const FIRST_DELAY_MS = 100
/** Longer timers of Node fire at once. */
const MAX_TIMER_MS = 2_147_483_647

/** Options of {@link RetryingStorage}. */
export interface RetryingStorageOptions {
  /**
   * How often a call is made before its error is passed on, the first time included; at least 1. A reading or listing
   * call that gets ahead between two errors starts counting anew.
   *
   * @defaultValue `5`
   */
  readonly attempts?: number | undefined
  /**
   * Longest wait before an attempt, in milliseconds, at most 24 days. Waits are random between 0 and a limit that begins at 100 ms and
   * doubles with each attempt up to this.
   *
   * @defaultValue `30_000`
   */
  readonly maxDelayMs?: number | undefined
}

/**
 * Repeats calls of another storage that fail with a `retryable` error. Reads go on at the byte reached, listings after
 * the last key. A `put` whose first outcome is unknown and that then finds an object of the same size and CRC32C takes
 * it for its own, and answers `created: true`.
 */
export class RetryingStorage implements ArchiveStorage {
  readonly #storage: ArchiveStorage
  readonly #attempts: number
  readonly #maxDelayMs: number

  /**
   * Wraps `storage`, which stays the caller's.
   *
   * @throws TypeError when `storage` is none, or an option is unknown.
   * @throws RangeError when an option is out of its range.
   */
  constructor(storage: ArchiveStorage, options: RetryingStorageOptions = {}) {
    rejectUnknownOptions('RetryingStorage', options, ['attempts', 'maxDelayMs'])
    this.#storage = storageOption('storage', storage)
    this.#attempts = integerOption('attempts', options.attempts, DEFAULTS.attempts, { min: 1 })
    this.#maxDelayMs = integerOption('maxDelayMs', options.maxDelayMs, DEFAULTS.maxDelayMs, {
      min: 0,
      max: MAX_TIMER_MS,
    })
  }

  /** Those of the storage that is wrapped. */
  get capabilities(): StorageCapabilities | undefined {
    return this.#storage.capabilities
  }

  /** {@inheritDoc} */
  async put(key: string, body: ObjectBody, options: PutOptions = {}): Promise<PutResult> {
    checkPut(key, body, options)
    let calls = 0
    const result = await this.#retry(options.signal, () => {
      calls += 1
      return this.#storage.put(key, body, options)
    })
    if (result.created || calls === 1) return result
    return { ...result, created: await this.#isOurs(result.info, body, options.signal) }
  }

  /** {@inheritDoc} */
  get(key: string, options: GetOptions = {}): AsyncIterable<Uint8Array> {
    let { startByte } = checkedGet(key, options)
    return this.#resume(options.signal, {
      open: () => this.#storage.get(key, { ...options, startByte }),
      passed: (chunk) => {
        startByte += chunk.length
      },
    })
  }

  /** {@inheritDoc} */
  async head(key: string, options: StorageCallOptions = {}): Promise<ObjectInfo | undefined> {
    checkKeyCall(key, options)
    return this.#retry(options.signal, () => this.#storage.head(key, options))
  }

  /** {@inheritDoc} */
  list(prefix: string, options: ListOptions = {}): AsyncIterable<ObjectInfo> {
    checkList(prefix, options)
    let { startAfter } = options
    return this.#resume(options.signal, {
      open: () => this.#storage.list(prefix, { ...options, startAfter }),
      passed: ({ key }) => {
        startAfter = key
      },
    })
  }

  /** {@inheritDoc} */
  listPrefixes(prefix: string, options: StorageCallOptions = {}): AsyncIterable<string> {
    checkListPrefixes(prefix, options)
    let last = ''
    return this.#resume(options.signal, {
      open: () => after(last, this.#storage.listPrefixes(prefix, options)),
      passed: (next) => {
        last = next
      },
    })
  }

  /** {@inheritDoc} */
  async delete(key: string, options: StorageCallOptions = {}): Promise<void> {
    checkKeyCall(key, options)
    await this.#retry(options.signal, () => this.#storage.delete(key, options))
  }

  async #isOurs(info: ObjectInfo, body: ObjectBody, signal: AbortSignal | undefined): Promise<boolean> {
    const stored = info.crc32c ?? (await this.head(info.key, { signal }))?.crc32c
    if (stored === undefined) return false
    const ours = await measureBody(body, signal)
    return ours.sizeBytes === info.sizeBytes && ours.crc32c === stored
  }

  async #retry<T>(signal: AbortSignal | undefined, call: () => Promise<T>): Promise<T> {
    for (let failures = 1; ; failures += 1) {
      try {
        return await call()
      } catch (error) {
        await this.#waitAfter(error, { failures, signal })
      }
    }
  }

  /** The items of `open`, which is called again after an error and must then begin behind the last item `passed`. */
  async *#resume<T>(
    signal: AbortSignal | undefined,
    { open, passed }: { readonly open: () => AsyncIterable<T>; readonly passed: (item: T) => void },
  ): AsyncGenerator<T, void, undefined> {
    let failures = 0
    for (;;) {
      try {
        for await (const item of open()) {
          failures = 0
          passed(item)
          yield item
        }
        return
      } catch (error) {
        failures += 1
        await this.#waitAfter(error, { failures, signal })
      }
    }
  }

  async #waitAfter(
    error: unknown,
    { failures, signal }: { readonly failures: number; readonly signal: AbortSignal | undefined },
  ): Promise<void> {
    const mayRetry = error instanceof KafkeepError && error.retryable && failures < this.#attempts
    if (!mayRetry) throw error
    await delay(backoffMs(failures - 1, { firstMs: FIRST_DELAY_MS, maxMs: this.#maxDelayMs }), signal)
  }
}

/** The items that sort behind `last`. */
async function* after(last: string, items: AsyncIterable<string>): AsyncGenerator<string, void, undefined> {
  for await (const item of items) {
    if (compareUtf8(item, last) > 0) yield item
  }
}
