import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AnswerReceiver, type ReceivedAnswer } from '../../../src/kafka/answer-receiver.js'

/** An answer as a broker sends it. */
function onTheWire(correlationId: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(8)
  head.writeInt32BE(4 + payload.length, 0)
  head.writeInt32BE(correlationId, 4)
  return Buffer.concat([head, payload])
}

/** Reads all bytes, at most so many at once, as a socket does. */
function read(receiver: AnswerReceiver, bytes: Buffer, sizes: Iterator<number>): void {
  for (let at = 0; at < bytes.length; ) {
    const space = receiver.space()
    expect(space.length).toBeGreaterThan(0)
    const count = bytes.copy(space, 0, at, Math.min(bytes.length, at + (sizes.next().value ?? space.length)))
    receiver.received(count)
    at += count
  }
}

function* repeated(sizes: readonly number[]): Generator<number, void, void> {
  for (;;) yield* sizes
}

const PAYLOADS = fc.array(
  fc.record({
    bytes: fc.oneof(fc.integer({ min: 0, max: 200 }), fc.integer({ min: 16_300, max: 16_450 }), fc.constant(100_000)),
    /** More or less than the answer takes; `undefined` where none is lent. */
    spare: fc.option(fc.integer({ min: -3, max: 3 }), { nil: undefined }),
  }),
  { maxLength: 12 },
)

describe('answers of a broker', () => {
  it('come out whole and in order, however they were cut on the way', () => {
    fc.assert(
      fc.property(PAYLOADS, fc.array(fc.integer({ min: 1, max: 40_000 }), { minLength: 1 }), (payloads, sizes) => {
        const sent = payloads.map(({ bytes }, id) => Buffer.alloc(bytes, id + 1))
        const lent = payloads.map(({ bytes, spare }) => spare && Buffer.alloc(Math.max(0, bytes + spare)))
        const received: ReceivedAnswer[] = []
        const receiver = new AnswerReceiver({
          memoryFor: (id) => lent[id] || undefined,
          onAnswer: (answer) => received.push(answer),
        })
        read(receiver, Buffer.concat(sent.map((payload, id) => onTheWire(id, payload))), repeated(sizes))
        expect(received.map(({ correlationId }) => correlationId)).toEqual(sent.map((_, id) => id))
        for (const [id, { payload, size }] of received.entries()) {
          expect(size).toBe(4 + payload.length)
          expect(sent[id]?.equals(payload)).toBe(true)
        }
      }),
      { numRuns: 300 },
    )
  })

  it('are put into the memory that was lent for them, unless they do not fit', () => {
    const memory = [Buffer.alloc(50_000), Buffer.alloc(50_000), Buffer.alloc(49_999)]
    const received: ReceivedAnswer[] = []
    const receiver = new AnswerReceiver({ memoryFor: (id) => memory[id], onAnswer: (answer) => received.push(answer) })
    const sent = [50_000, 10, 50_000].map((bytes, id) => onTheWire(id, Buffer.alloc(bytes, id + 1)))
    read(receiver, Buffer.concat(sent), repeated([30_000]))
    expect(received.map(({ payload }, id) => payload.buffer === memory[id]?.buffer)).toEqual([true, true, false])
    expect(memory[1]?.subarray(0, 12)).toEqual(Buffer.from([2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 0, 0]))
  })

  it('are refused when they cannot be any', () => {
    const receiver = new AnswerReceiver({ memoryFor: () => undefined, onAnswer: () => {} })
    expect(() => read(receiver, Buffer.from([0, 0, 0, 3, 0, 0, 0, 0]), repeated([8]))).toThrow('no answer')
  })
})
