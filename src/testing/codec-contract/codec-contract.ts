import { isDeepStrictEqual } from 'node:util'
import type { Codec } from '../../codec/codec.js'
import { booleanOption, portOption, rejectUnknownOptions } from '../../internal/options.js'
import type { TestFunction } from '../test-function.js'
import { damageContract } from './damage.js'
import { endingContract } from './endings.js'
import { roundTripContract } from './round-trip.js'

/** The codec that is tested, and what is known of it. */
export interface CodecContractOptions<T> {
  /** The codec. One with keys needs those for writing and for reading. */
  readonly codec: Codec<T>
  /** What is encoded: two items or more, of 100 kB or so together, and none like another. */
  readonly items: readonly T[]
  /**
   * Whether what came back is what was to come back: in a codec that is not lossless only what it keeps counts, in a
   * transform of bytes only the bytes and not how they are cut. @defaultValue `util.isDeepStrictEqual`
   */
  readonly equal?: ((decoded: readonly T[], items: readonly T[]) => boolean) | undefined
  /**
   * Whether the codec knows where its object ends. Where items just follow each other, a cut between two of them leaves
   * an object that is whole: then `false`, and nothing else may be taken for one. @defaultValue `true`
   */
  readonly noticesCuts?: boolean | undefined
  /** Whether a checksum covers everything, so that a flipped bit is always noticed. @defaultValue `false` */
  readonly noticesFlips?: boolean | undefined
}

/**
 * Defines the tests that every {@link Codec} must pass, with the `test` function of your runner.
 *
 * @param test - Called with a name and an async body for each test.
 * @param options - The codec, items for it, and what it can notice.
 * @throws TypeError or RangeError at once when an option is wrong.
 * @example
 * ```ts
 * describe('myCodec', () => codecContract(test, { codec: myCodec(), items: batches, noticesFlips: true }))
 * ```
 */
export function codecContract<T>(test: TestFunction, options: CodecContractOptions<T>): void {
  rejectUnknownOptions('codecContract', options, ['codec', 'items', 'equal', 'noticesCuts', 'noticesFlips'])
  const { items } = options
  if (!Array.isArray(items) || items.length < 2) throw new RangeError('`items` must be a list of two items or more')
  const contract = {
    test,
    codec: portOption('codec', options.codec, ['encode', 'decode']),
    items,
    equal: options.equal ?? isDeepStrictEqual,
    noticesCuts: booleanOption('noticesCuts', options.noticesCuts, true),
    noticesFlips: booleanOption('noticesFlips', options.noticesFlips, false),
  }
  roundTripContract(contract)
  damageContract(contract)
  endingContract(contract)
}
