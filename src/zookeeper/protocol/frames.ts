import { Buffer } from 'node:buffer'

const LENGTH_BYTES = 4

/** Cuts the chunks of one connection into its messages, whatever the chunks' borders. */
export class FrameCutter {
  #chunks: Buffer[] = []
  #bytes = 0

  /**
   * Takes the next chunk and returns the messages that are complete now, each with its length in front.
   *
   * @throws RangeError when a length is negative: the other side does not speak this protocol.
   */
  push(chunk: Buffer): Buffer[] {
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
    if (this.#bytes < this.#wantedBytes()) return []
    const frames: Buffer[] = []
    let rest = Buffer.concat(this.#chunks)
    for (let end = frameEnd(rest); end <= rest.length; end = frameEnd(rest)) {
      frames.push(rest.subarray(0, end))
      rest = rest.subarray(end)
    }
    this.#chunks = rest.length === 0 ? [] : [rest]
    this.#bytes = rest.length
    return frames
  }

  /** Bytes needed before there is anything to cut, so that a large message is put together only once. */
  #wantedBytes(): number {
    const [first] = this.#chunks
    return first === undefined || first.length < LENGTH_BYTES ? LENGTH_BYTES : frameEnd(first)
  }
}

function frameEnd(buffer: Buffer): number {
  if (buffer.length < LENGTH_BYTES) return Number.POSITIVE_INFINITY
  const length = buffer.readInt32BE()
  if (length < 0) throw new RangeError(`a message of ${length} bytes`)
  return LENGTH_BYTES + length
}
