import { TransportError } from '../errors.js'

/** One answer of a broker. */
export interface ReceivedAnswer {
  readonly correlationId: number
  /** Bytes of the answer: its correlation id and `payload`. */
  readonly size: number
  readonly payload: Buffer
}

/** Who gets what was received. */
export interface AnswerReceiverOptions {
  /** The memory that was lent for the answer to a request, if any was. Asked once for each answer. */
  readonly memoryFor: (correlationId: number) => Buffer | undefined
  readonly onAnswer: (answer: ReceivedAnswer) => void
}

/** What is read before it is known what it is: a small answer whole, and little of a large one. */
const HEAD_BYTES = 16_384
const SIZE_BYTES = 4
const CORRELATION_ID_BYTES = 4

/** An answer that has begun. */
interface OpenAnswer {
  readonly correlationId: number
  readonly payload: Buffer
  filled: number
}

/**
 * Takes apart what a broker sends, while it is read: {@link AnswerReceiver.space} says where the next bytes are to be
 * read to, so that a large answer comes straight to its place. Read as sockets do by themselves, every 64 KiB of it
 * would be a buffer of its own, all of them would be copied together in the end, and V8 would mark its heap again for
 * every 16 MB of buffers.
 *
 * An answer is its size, the correlation id of its request, and its payload.
 */
export class AnswerReceiver {
  readonly #options: AnswerReceiverOptions
  readonly #head = Buffer.allocUnsafeSlow(HEAD_BYTES)
  #headBytes = 0
  #open: OpenAnswer | undefined

  constructor(options: AnswerReceiverOptions) {
    this.#options = options
  }

  /** Where the next bytes are to be read to; never empty. */
  space(): Buffer {
    return this.#open === undefined
      ? this.#head.subarray(this.#headBytes)
      : this.#open.payload.subarray(this.#open.filled)
  }

  /**
   * Takes so many bytes that were read to where {@link AnswerReceiver.space} said.
   *
   * @throws TransportError when they cannot be an answer.
   */
  received(bytes: number): void {
    if (this.#open !== undefined) {
      this.#open.filled += bytes
      this.#closeIfWhole(this.#open)
      return
    }
    this.#headBytes += bytes
    let taken = 0
    while (this.#open === undefined && this.#headBytes - taken >= SIZE_BYTES + CORRELATION_ID_BYTES) {
      taken += this.#begin(taken)
    }
    this.#head.copyWithin(0, taken, this.#headBytes)
    this.#headBytes -= taken
  }

  /** Begins the answer at `at`, and tells how much of the head belongs to it. */
  #begin(at: number): number {
    const payloadBytes = this.#head.readInt32BE(at) - CORRELATION_ID_BYTES
    const correlationId = this.#head.readInt32BE(at + SIZE_BYTES)
    if (payloadBytes < 0) {
      throw new TransportError('a broker sent something that is no answer', {
        system: 'kafka',
        hint: 'check that the address is that of a Kafka broker, and that `ssl` is set where its listener wants TLS',
      })
    }
    const lent = this.#options.memoryFor(correlationId)
    const payload =
      lent === undefined || lent.length < payloadBytes
        ? Buffer.allocUnsafeSlow(payloadBytes)
        : lent.subarray(0, payloadBytes)
    const from = at + SIZE_BYTES + CORRELATION_ID_BYTES
    const filled = this.#head.copy(payload, 0, from, this.#headBytes)
    this.#open = { correlationId, payload, filled }
    this.#closeIfWhole(this.#open)
    return SIZE_BYTES + CORRELATION_ID_BYTES + filled
  }

  #closeIfWhole({ correlationId, payload, filled }: OpenAnswer): void {
    if (filled < payload.length) return
    this.#open = undefined
    this.#options.onAnswer({ correlationId, size: CORRELATION_ID_BYTES + payload.length, payload })
  }
}
