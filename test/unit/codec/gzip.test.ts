import { gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { gzip } from '../../../src/codec/gzip.js'
import { incompressible } from '../../support/batch-arbitrary.js'
import { collected, streamOf } from '../../support/znode-arbitrary.js'

const MEMBER = gzipSync('first')
const ANOTHER = gzipSync('second')
const ZEROS = Buffer.alloc(10)

async function encoded(content: Buffer, level?: number): Promise<Buffer> {
  return Buffer.concat(await collected(gzip({ level }).encode(streamOf([content]))))
}

async function decoded(...chunks: readonly Buffer[]): Promise<string> {
  return Buffer.concat(await collected(gzip().decode(streamOf(chunks)))).toString()
}

describe('gzip', () => {
  it('writes what any gunzip reads', async () => {
    const content = Buffer.from('text '.repeat(100_000))
    expect(gunzipSync(await encoded(content)).equals(content)).toBe(true)
  })

  it('compresses as much as the level says', async () => {
    const content = Buffer.from(Array.from({ length: 20_000 }, (_, index) => `line ${index % 997}\n`).join(''))
    const sizes = await Promise.all([0, 1, 9].map(async (level) => (await encoded(content, level)).length))
    expect(sizes).toEqual(sizes.toSorted((a, b) => b - a))
    expect(sizes[0]).toBeGreaterThan(content.length)
  })

  it.each([
    ['in one chunk', [Buffer.concat([MEMBER, ANOTHER])]],
    ['in chunks of their own', [MEMBER, ANOTHER]],
    ['byte by byte', [...Buffer.concat([MEMBER, ANOTHER])].map((byte) => Buffer.of(byte))],
  ])('reads several members as one, %s', async (_, chunks) => {
    expect(await decoded(...chunks)).toBe('firstsecond')
  })

  it.each([
    ['nothing', []],
    ['text', [Buffer.from('no gzip')]],
    ['a member that is cut off', [MEMBER.subarray(0, -1)]],
    ['a second member that is cut off', [MEMBER, ANOTHER.subarray(0, 5)]],
    ['zeros behind it', [Buffer.concat([MEMBER, ZEROS])]],
    ['zeros behind it in a chunk of their own', [MEMBER, ZEROS]],
    ['zeros between members', [MEMBER, ZEROS, ANOTHER]],
    ['a letter behind it', [MEMBER, Buffer.from('x')]],
  ])('refuses %s', async (_, chunks) => {
    await expect(decoded(...chunks)).rejects.toMatchObject({ code: 'ARCHIVE_CORRUPT' })
  })

  it('reads no further than its reader does', async () => {
    let given = 0
    async function* source() {
      for (; given < 1_000; given += 1) yield incompressible(10_000)
    }
    for await (const _ of gzip().encode(source())) break
    expect(given).toBeLessThan(200)
  })

  it('gives a bomb out in pieces', async () => {
    const bomb = await encoded(Buffer.alloc(64 * 1024 * 1024))
    let largest = 0
    let total = 0
    for await (const { length } of gzip().decode(streamOf([bomb]))) {
      largest = Math.max(largest, length)
      total += length
    }
    expect(total).toBe(64 * 1024 * 1024)
    expect(largest).toBeLessThanOrEqual(262_144)
  })

  it.each([-1, 10, 1.5, Number.NaN])('refuses the level %s', (level) => {
    expect(() => gzip({ level })).toThrow(RangeError)
  })

  it('refuses options that it does not know', () => {
    expect(() => gzip(Object.assign({ level: 1 }, { window: 15 }))).toThrow('has no option `window`')
  })
})
