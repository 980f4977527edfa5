import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SegmentBuffer } from '../../../src/archiver/segment-buffer.js'
import { SegmentMemory } from '../../../src/archiver/segment-memory.js'

const MIB = 1_048_576
const SEGMENT_BYTES = 16 * MIB

function memoryOf(buffers: number, reuses = true): SegmentMemory {
  // A buffer has room for the answer that goes beyond the segment's size.
  return new SegmentMemory({ memoryBytes: buffers * 20 * MIB + 8 * MIB, segmentBytes: SEGMENT_BYTES, reuses })
}

/** An answer of so many bytes, all alike. */
function answerOf(bytes: number, content: number): Buffer {
  return Buffer.alloc(bytes, content)
}

/** Fills a segment with answers of 1 MiB. */
function filled(buffer: SegmentBuffer, mebibytes: number, content = 1): void {
  for (let index = 0; index < mebibytes; index++) buffer.add(answerOf(MIB, content))
}

describe('the bytes of a segment', () => {
  it('come out as they went in, whatever the sizes of the answers and whatever becomes of them', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 5 * MIB }), { maxLength: 8 }), fc.boolean(), (sizes, crowded) => {
        const buffer = new SegmentBuffer(memoryOf(crowded ? 0 : 1))
        const answers = sizes.map((size, index) => answerOf(size, index))
        const expected = Buffer.concat(answers)
        for (const answer of answers) {
          buffer.add(answer)
          // Their memory is used again.
          answer.fill(0xff)
        }
        expect(buffer.bytes).toBe(expected.length)
        const { runs, bytes } = buffer.close()
        expect(bytes).toBe(expected.length)
        expect(Buffer.concat(runs).equals(expected)).toBe(true)
        expect(buffer.bytes).toBe(0)
      }),
      { numRuns: 40 },
    )
  })

  it('are one piece when there are many, so that a storage need not put them together', () => {
    const buffer = new SegmentBuffer(memoryOf(1))
    filled(buffer, 16)
    expect(buffer.close().runs).toHaveLength(1)
  })

  it('use a buffer again once it is stored, and not before', () => {
    const memory = memoryOf(1)
    const first = new SegmentBuffer(memory)
    filled(first, 16, 1)
    const stored = first.close()
    const second = new SegmentBuffer(memory)
    filled(second, 5, 2)
    expect(second.close().runs[0]?.buffer).not.toBe(stored.runs[0]?.buffer)
    expect(stored.runs[0]?.every((byte) => byte === 1)).toBe(true)
    stored.release({ stored: true })
    const third = new SegmentBuffer(memory)
    filled(third, 5, 3)
    expect(third.close().runs[0]?.buffer).toBe(stored.runs[0]?.buffer)
  })

  it.each([
    ['the storage does not promise to be done with it', false, true],
    ['it could not be stored', true, false],
  ])('never use a buffer again when %s', (_, reuses, success) => {
    const memory = memoryOf(1, reuses)
    const first = new SegmentBuffer(memory)
    filled(first, 16)
    const closed = first.close()
    closed.release({ stored: success })
    const second = new SegmentBuffer(memory)
    filled(second, 16)
    expect(second.close().runs[0]?.buffer).not.toBe(closed.runs[0]?.buffer)
  })

  it('are counted until they are given back', () => {
    const memory = memoryOf(1, false)
    expect(memory.hasRoom(28 * MIB)).toBe(true)
    const buffer = new SegmentBuffer(memory)
    filled(buffer, 2)
    expect(memory.hasRoom(27 * MIB)).toBe(false)
    filled(buffer, 4)
    expect(memory.hasRoom(9 * MIB)).toBe(false)
    buffer.close().release({ stored: true })
    expect(memory.hasRoom(28 * MIB)).toBe(true)
  })

  it('do not keep an answer alive of which they are a small part', () => {
    const answer = answerOf(MIB, 1)
    const buffer = new SegmentBuffer(memoryOf(1))
    buffer.add(answer.subarray(0, 1_000))
    expect(buffer.close().runs[0]?.buffer).not.toBe(answer.buffer)
  })
})
