import { Buffer } from 'node:buffer'
import type { Codec, CodecCallOptions } from '../../codec/codec.js'
import { KafkeepError } from '../../errors.js'
import { all } from '../storage-contract/support.js'
import type { TestFunction } from '../test-function.js'

/** What the groups of the contract share. */
export interface CodecContract<T> {
  readonly test: TestFunction
  readonly codec: Codec<T>
  readonly items: readonly T[]
  readonly equal: (decoded: readonly T[], items: readonly T[]) => boolean
  readonly noticesCuts: boolean
  readonly noticesFlips: boolean
}

/** What the objects of the contract are. */
const SUBJECT = 'codec-contract'

/** The object that holds `items`. */
export async function encode<T>(codec: Codec<T>, items: readonly T[]): Promise<Buffer> {
  return Buffer.concat(await all(codec.encode(streamOf(items), { subject: SUBJECT })))
}

/** The items of an object that comes as `chunks`. */
export async function decode<T>(
  codec: Codec<T>,
  chunks: AsyncIterable<Uint8Array>,
  { signal }: CodecCallOptions = {},
): Promise<T[]> {
  return all(codec.decode(chunks, { signal, subject: SUBJECT }))
}

/** Items one after the other, as a stream. */
export async function* streamOf<T>(items: Iterable<T>): AsyncGenerator<T, void, void> {
  yield* items
}

/** A stream that notes whether it was begun and whether it was closed. */
export class WatchedSource<T> implements AsyncIterable<T> {
  begun = false
  closed = false

  constructor(
    readonly items: Iterable<T>,
    /** Called between two items. */
    readonly between: () => void = () => {},
  ) {}

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, void> {
    this.begun = true
    try {
      for (const item of this.items) {
        yield item
        this.between()
      }
    } finally {
      this.closed = true
    }
  }
}

/** The bytes in pieces of `size`. */
export function pieces(bytes: Uint8Array, size: number): Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
    bytes.subarray(index * size, (index + 1) * size),
  )
}

/** Some places from 0 to below `length`: the first ones, the last ones, and others between. */
export function places(length: number): number[] {
  const edge = 40
  const step = Math.max(1, Math.floor(length / edge))
  const chosen = new Set<number>()
  for (let place = 0; place < length; place += place < edge || place >= length - edge ? 1 : step) chosen.add(place)
  for (let place = Math.max(0, length - edge); place < length; place += 1) chosen.add(place)
  return [...chosen]
}

/** How damage may end: the bytes are not intact, or they are of a kind that the codec does not know. */
export function isDamage(error: unknown): boolean {
  return error instanceof KafkeepError && (error.code === 'ARCHIVE_CORRUPT' || error.code === 'UNSUPPORTED_FORMAT')
}
