import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FrameCutter } from '../../../src/zookeeper/protocol/frames.js'

function framed(message: Uint8Array): Buffer {
  const length = Buffer.alloc(4)
  length.writeInt32BE(message.length)
  return Buffer.concat([length, message])
}

describe('FrameCutter', () => {
  it('gives back every message, whatever the borders of the chunks', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array()), fc.array(fc.integer({ min: 1, max: 9 })), (messages, sizes) => {
        const frames = messages.map(framed)
        let rest = Buffer.concat(frames)
        const cutter = new FrameCutter()
        const cut: Buffer[] = []
        for (let index = 0; rest.length > 0; index += 1) {
          const size = sizes[index % sizes.length] ?? rest.length
          cut.push(...cutter.push(rest.subarray(0, size)))
          rest = rest.subarray(size)
        }
        expect(cut.map((frame) => frame.toString('hex'))).toEqual(frames.map((frame) => frame.toString('hex')))
      }),
    )
  })

  it('refuses a negative length', () => {
    expect(() => new FrameCutter().push(Buffer.from([0xff, 0xff, 0xff, 0xff]))).toThrow(RangeError)
  })
})
