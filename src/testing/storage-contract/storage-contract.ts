import { integerOption, rejectUnknownOptions } from '../../internal/options.js'
import type { ArchiveStorage } from '../../storage/storage.js'
import type { TestFunction } from '../test-function.js'
import { failureContract } from './failures.js'
import { keyContract } from './keys.js'
import { listingContract } from './listing.js'
import { objectContract } from './objects.js'
import { rangeContract } from './ranges.js'
import { writeOnceContract } from './write-once.js'

/** What is known of a store that cannot do all that the contract asks. Each one narrows what can be kept in it. */
export interface StorageContractOptions {
  /**
   * Whether `a` and `a/b` may both be objects. Stores that map keys to files one to one cannot do that; kafkeep itself
   * never needs it. @defaultValue `true`
   */
  readonly keyMayBePrefixOfAnother?: boolean | undefined
  /**
   * Whether keys are listed in the order of their code points. Stores that sort in UTF-16 put `U+10000` and beyond
   * before `U+E000`; kafkeep's own names are ASCII unless topics are not. @defaultValue `true`
   */
  readonly ordersByCodePoint?: boolean | undefined
  /** Longest key in bytes, such as 900 less the prefix of a `PrefixedStorage`: 100 to 900. @defaultValue `900` */
  readonly maxKeyBytes?: number | undefined
  /** Longest path segment in bytes, 100 to 900: 255 where segments are file names. @defaultValue `900` */
  readonly maxSegmentBytes?: number | undefined
  /** Size of a large object in bytes: more than the driver sends in one request. @defaultValue `3_000_000` */
  readonly largeObjectBytes?: number | undefined
}

/**
 * Defines the tests that every {@link ArchiveStorage} must pass, with the `test` function of your runner.
 *
 * @param test - Called with a name and an async body for each test. Some put a thousand objects: allow a minute.
 * @param open - Answers a storage that is empty; called once per test.
 * @param options - Known limits of the store.
 * @example
 * ```ts
 * describe('MyStorage', () => storageContract(test, async () => new MyStorage(await emptyFolder())))
 * ```
 */
export function storageContract(
  test: TestFunction,
  open: () => Promise<ArchiveStorage>,
  options: StorageContractOptions = {},
): void {
  rejectUnknownOptions('storageContract', options, [
    'keyMayBePrefixOfAnother',
    'ordersByCodePoint',
    'maxKeyBytes',
    'maxSegmentBytes',
    'largeObjectBytes',
  ])
  const { largeObjectBytes, maxKeyBytes, maxSegmentBytes } = options
  const limits = {
    keyMayBePrefixOfAnother: options.keyMayBePrefixOfAnother ?? true,
    ordersByCodePoint: options.ordersByCodePoint ?? true,
    maxKeyBytes: integerOption('maxKeyBytes', maxKeyBytes, 900, { min: 100, max: 900 }),
    maxSegmentBytes: integerOption('maxSegmentBytes', maxSegmentBytes, 900, { min: 100, max: 900 }),
    largeObjectBytes: integerOption('largeObjectBytes', largeObjectBytes, 3_000_000, { min: 1_000_000 }),
  }
  const contract = { test, open, limits }
  objectContract(contract)
  rangeContract(contract)
  writeOnceContract(contract)
  listingContract(contract)
  keyContract(contract)
  failureContract(contract)
}
