import type { Transform } from 'node:stream'

/** What the streams of node:zlib add to a transform. */
export interface ZlibStream extends Transform {
  /** Input that has been used up. */
  readonly bytesWritten: number
}

/** Bytes that a stream gives at a time. Node's own 16 KiB take three times as long, because each is a step of its own. */
export const OUTPUT_CHUNK_BYTES = 262_144

/** What a stream of node:zlib makes of `source`. Whatever fails comes out of it. */
export function piped<T extends Transform>(source: AsyncIterable<Uint8Array>, stream: T): T {
  feed(source, stream).catch((error) => stream.destroy(error))
  return stream
}

/** One chunk after the other: if the last one were still waiting at the end, Node's zstd would add an empty frame. */
async function feed(source: AsyncIterable<Uint8Array>, stream: Transform): Promise<void> {
  for await (const chunk of source) {
    await new Promise<void>((resolve, reject) => {
      stream.write(chunk, (error) => (error ? reject(error) : resolve()))
    })
  }
  stream.end()
}

/** What a decompressing stream makes of `source`, all of which it must use up: Node ignores what it cannot use. */
export async function* decompressed(
  source: AsyncIterable<Uint8Array>,
  stream: ZlibStream,
): AsyncGenerator<Uint8Array, void, void> {
  let givenBytes = 0
  async function* counted() {
    for await (const chunk of source) {
      givenBytes += chunk.length
      yield chunk
    }
  }
  yield* piped(counted(), stream)
  if (stream.bytesWritten !== givenBytes) throw new Error('there are bytes behind the end of the compressed ones')
}
