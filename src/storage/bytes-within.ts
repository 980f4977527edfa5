import type { ByteRange } from './call-options.js'

/** The bytes of `chunks` that lie in a range; what is behind it is not asked for. */
export async function* bytesWithin(
  chunks: AsyncIterable<Uint8Array>,
  { startByte, endByte }: ByteRange,
): AsyncGenerator<Uint8Array, void, void> {
  let position = 0
  for await (const chunk of chunks) {
    const part = chunk.subarray(Math.max(0, startByte - position), Math.max(0, endByte - position))
    position += chunk.length
    if (part.length > 0) yield part
    if (position >= endByte) return
  }
}
