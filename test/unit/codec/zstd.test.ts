import * as zlib from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { compress } from '../../../src/batch/compression/compression.js'
import { zstd } from '../../../src/codec/zstd.js'
import { zstdFrames } from '../../../src/codec/zstd-frames.js'
import { incompressible } from '../../support/batch-arbitrary.js'
import { collected, streamOf } from '../../support/znode-arbitrary.js'

/** Frames of another writer: compressed blocks, stored blocks, repeated bytes, none at all. */
const CONTENTS = [Buffer.from('text '.repeat(100)), incompressible(300_000), Buffer.alloc(200_000), Buffer.alloc(0)]
const FRAMES = CONTENTS.map((content) => compress('zstd', content))
/** A frame without checksum, content size and dictionary, whose only block is stored and empty. */
const SMALLEST = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58, 0x01, 0x00, 0x00])

async function cut(...chunks: readonly Uint8Array[]): Promise<Uint8Array[]> {
  return collected(zstdFrames(streamOf(chunks)))
}

describe('zstdFrames', () => {
  it('cuts behind each frame, and nowhere else', async () => {
    const frames = [...FRAMES, SMALLEST]
    const found = await cut(Buffer.concat(frames))
    expect(found.length).toBe(frames.length)
    expect(frames.every((frame, index) => frame.equals(found[index] ?? Buffer.alloc(0)))).toBe(true)
  })

  it('finds the end of frames that come byte by byte', async () => {
    const [text = Buffer.alloc(0)] = FRAMES
    const bytes = Buffer.concat([text, SMALLEST])
    expect(Buffer.concat(await cut(...[...bytes].map((byte) => Buffer.of(byte)))).equals(bytes)).toBe(true)
  })

  it('notices a frame that is cut off anywhere', async () => {
    const [text = Buffer.alloc(0)] = FRAMES
    for (const bytes of [text, Buffer.concat([text, SMALLEST])]) {
      for (let length = 1; length < bytes.length; length += 1) {
        if (length === text.length) continue
        await expect(cut(bytes.subarray(0, length))).rejects.toThrow('cut off')
      }
    }
  })

  it.each([
    ['nothing', []],
    ['text', [Buffer.from('no frame')]],
    ['something behind a frame', [SMALLEST, Buffer.from('more of it')]],
    ['less than a frame behind a frame', [SMALLEST, Buffer.alloc(2)]],
  ])('refuses %s', async (_, chunks) => {
    await expect(cut(...chunks)).rejects.toThrow()
  })
})

describe('zstd', () => {
  if ('createZstdCompress' in zlib) testZstd()
  else testItsAbsence()

  it.each([0, 20, 1.5, Number.NaN])('refuses the level %s', (level) => {
    expect(() => zstd({ level })).toThrow(RangeError)
  })

  it('refuses options that it does not know', () => {
    expect(() => zstd(Object.assign({ level: 1 }, { window: 27 }))).toThrow('has no option `window`')
  })
})

function testZstd(): void {
  it('reads several frames as one, however they are cut into chunks', async () => {
    const bytes = Buffer.concat(FRAMES)
    for (const chunks of [[bytes], FRAMES, [bytes.subarray(0, 1000), bytes.subarray(1000)]]) {
      const decoded = Buffer.concat(await collected(zstd().decode(streamOf(chunks))))
      expect(decoded.equals(Buffer.concat(CONTENTS))).toBe(true)
    }
  })

  it('writes one frame with a checksum, the same one for the same bytes', async () => {
    const chunks = Array.from({ length: 50 }, (_, index) => incompressible(index * 100))
    const encode = async (level?: number) => Buffer.concat(await collected(zstd({ level }).encode(streamOf(chunks))))
    const bytes = await encode()
    expect((await cut(bytes)).length).toBe(1)
    expect(bytes.readUInt8(4) & 0x04).toBe(0x04)
    for (let round = 0; round < 20; round += 1) expect((await encode()).equals(bytes)).toBe(true)
  })
}

function testItsAbsence(): void {
  it('says what it needs', async () => {
    const needs = { code: 'UNSUPPORTED_FORMAT', hint: expect.stringContaining('22.15') }
    await expect(collected(zstd().encode(streamOf([Buffer.from('x')])))).rejects.toMatchObject(needs)
    await expect(collected(zstd().decode(streamOf([SMALLEST])))).rejects.toMatchObject(needs)
  })
}
