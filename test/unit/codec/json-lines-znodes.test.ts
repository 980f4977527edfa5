import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { jsonLinesZnodes } from '../../../src/codec/json-lines-znodes.js'
import { collected, streamOf, znode, znodeArbitrary } from '../../support/znode-arbitrary.js'

const codec = jsonLinesZnodes()

async function encoded(nodes: Parameters<typeof streamOf>[0]): Promise<Buffer> {
  return Buffer.concat(await collected(codec.encode(streamOf(nodes as Iterable<never>))))
}

function decode(...chunks: readonly (Uint8Array | string)[]) {
  return collected(codec.decode(streamOf(chunks.map((chunk) => new Uint8Array(Buffer.from(chunk))))))
}

describe('jsonLinesZnodes', () => {
  it('gives back every node, wherever the chunks are cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(znodeArbitrary, { maxLength: 5 }), fc.nat(), async (nodes, cut) => {
        const bytes = await encoded(nodes)
        const at = cut % (bytes.length + 1)
        expect(await decode(bytes.subarray(0, at), bytes.subarray(at))).toEqual(nodes)
      }),
    )
  })

  it('never takes a cut-off file for a whole one', async () => {
    const bytes = await encoded([znode({ path: '/a' }), znode({ path: '/b', data: Buffer.from('x') })])
    for (let length = 0; length < bytes.length; length += 1) {
      await expect(decode(bytes.subarray(0, length))).rejects.toMatchObject({ code: 'ARCHIVE_CORRUPT' })
    }
  })

  it('can be read by people: text as text, other data as base64, none as null', async () => {
    const nodes = [
      znode({ path: '/text', data: Buffer.from('grüße') }),
      znode({ path: '/bytes', data: Uint8Array.of(0xff, 0) }),
      znode({ path: '/none' }),
    ]
    const [text, bytes, none, end] = (await encoded(nodes)).toString().split('\n')
    expect(text).toContain('"path":"/text","kind":"persistent","text":"grüße","acl":[{"permissions":31,')
    expect(bytes).toContain('"base64":"/wA="')
    expect(none).toContain('"data":null')
    expect(end).toBe('{"nodes":3}')
  })

  it.each([
    ['a field is missing', '"version":0,', ''],
    ['a field is unknown', '"version":0,', '"version":0,"x":1,'],
    ['a number is a string', '"version":0', '"version":"0"'],
    ['a number has a fraction', '"version":0', '"version":0.5'],
    ['a number has more than 32 bits', '"version":0', '"version":2147483648'],
    ['a 64-bit number is a number', '"createdZxid":"1"', '"createdZxid":1'],
    ['a 64-bit number is too large', '"createdZxid":"1"', '"createdZxid":"9223372036854775808"'],
    ['base64 is not canonical', '"text":"x"', '"base64":"eA"'],
    ['data is there twice', '"text":"x"', '"text":"x","data":null'],
    ['a path is relative', '"path":"/a"', '"path":"a"'],
    ['a path leads upwards', '"path":"/a"', '"path":"/a/../b"'],
    ['the kind is unknown', '"kind":"persistent"', '"kind":"eternal"'],
    ['a line is not JSON', '{"path"', '{path'],
    ['a line is not an object', /^.*\n/, '[]\n'],
    ['the number of nodes is wrong', '{"nodes":1}', '{"nodes":2}'],
    ['something follows the end', '{"nodes":1}\n', '{"nodes":1}\n{"nodes":1}\n'],
  ])('says which line is damaged when %s', async (_, search, replacement) => {
    const text = (await encoded([znode({ path: '/a', data: Buffer.from('x') })])).toString()
    const damaged = text.replace(search, replacement)
    expect(damaged).not.toBe(text)
    await expect(decode(damaged)).rejects.toMatchObject({
      code: 'ARCHIVE_CORRUPT',
      message: expect.stringMatching(/^line [1-3] /),
    })
  })

  it('refuses bytes that are not UTF-8', async () => {
    await expect(decode(Uint8Array.of(0x22, 0xff, 0x22, 0x0a))).rejects.toMatchObject({ code: 'ARCHIVE_CORRUPT' })
  })

  it('rejects with the reason of the signal itself', async () => {
    const reason = new Error('stop')
    const signal = AbortSignal.abort(reason)
    await expect(collected(codec.encode(streamOf([znode({ path: '/a' })]), { signal }))).rejects.toBe(reason)
    const bytes = await encoded([znode({ path: '/a' })])
    await expect(collected(codec.decode(streamOf([new Uint8Array(bytes)]), { signal }))).rejects.toBe(reason)
  })
})
