import assert from 'node:assert/strict'
import { setImmediate } from 'node:timers/promises'
import type { CodecCallOptions } from '../../codec/codec.js'
import { all } from '../storage-contract/support.js'
import { type CodecContract, encode, pieces, WatchedSource } from './support.js'

/** Small enough that an object is many of them. */
const PIECE_BYTES = 1_000

/** One direction of a codec: whatever goes in, and something comes out. */
interface Direction {
  readonly name: string
  open(between?: () => void): Promise<WatchedSource<unknown>>
  run(source: WatchedSource<unknown>, options?: CodecCallOptions): AsyncIterable<unknown>
}
