import { Buffer } from 'node:buffer'
import {
  ZSTD_BLOCK_HEADER_BYTES,
  ZSTD_MAGIC,
  zstdBlock,
  zstdChecksumBytes,
  zstdHeaderRestBytes,
} from '../internal/zstd-frame-format.js'

/** Magic and descriptor. */
const FRAME_START_BYTES = 5

/**
 * Cuts zstd bytes behind each frame. Node's own decoder needs this: it takes a cut-off frame for a whole one, and
 * ignores what follows a frame in the same chunk. What is in the blocks is left to it.
 *
 * @throws Error when there is no frame, the last one is cut off, or something else is between them.
 */
export async function* zstdFrames(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  let frames = 0
  let walk: FrameWalk | undefined
  for await (const chunk of source) {
    let start = 0
    while (start < chunk.length) {
      walk ??= new FrameWalk()
      const end = walk.advance(chunk, start)
      yield chunk.subarray(start, end)
      start = end
      if (!walk.ended) continue
      frames += 1
      walk = undefined
    }
  }
  if (walk !== undefined) throw new Error('a zstd frame is cut off')
  if (frames === 0) throw new Error('there is no zstd frame')
}

/** What a walk wants next: to see some bytes, or only to pass over them. */
type Step = { readonly see: number } | { readonly pass: number }

/** The steps through one frame. Each is answered with the bytes that were to be seen. */
function* frameSteps(): Generator<Step, void, Buffer> {
  const start = yield { see: FRAME_START_BYTES }
  if (start.readUInt32LE(0) !== ZSTD_MAGIC) throw new Error('this is no zstd frame')
  const descriptor = start.readUInt8(FRAME_START_BYTES - 1)
  yield* passOver(zstdHeaderRestBytes(descriptor))
  for (let last = false; !last; ) {
    const header = yield { see: ZSTD_BLOCK_HEADER_BYTES }
    const block = zstdBlock(header.readUIntLE(0, ZSTD_BLOCK_HEADER_BYTES))
    last = block.last
    yield* passOver(block.bytes)
  }
  yield* passOver(zstdChecksumBytes(descriptor))
}

/** No step where there is nothing: a frame ends with its last byte, not with the one after it. */
function* passOver(bytes: number): Generator<Step, void, Buffer> {
  if (bytes > 0) yield { pass: bytes }
}

/** Takes the steps through one frame, however its bytes are cut into chunks. */
class FrameWalk {
  readonly #steps = frameSteps()
  readonly #seen = Buffer.alloc(FRAME_START_BYTES)
  #step = this.#steps.next()
  #doneBytes = 0

  get ended(): boolean {
    return this.#step.done === true
  }

  /** Walks from `start` on; answers where the frame or the chunk ends. */
  advance(chunk: Uint8Array, start: number): number {
    let position = start
    while (position < chunk.length && this.#step.done !== true) {
      const step = this.#step.value
      const wantedBytes = 'see' in step ? step.see : step.pass
      const end = Math.min(position + wantedBytes - this.#doneBytes, chunk.length)
      if ('see' in step) this.#seen.set(chunk.subarray(position, end), this.#doneBytes)
      this.#doneBytes += end - position
      position = end
      if (this.#doneBytes < wantedBytes) continue
      this.#doneBytes = 0
      this.#step = this.#steps.next(this.#seen)
    }
    return position
  }
}
