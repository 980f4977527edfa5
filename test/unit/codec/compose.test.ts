import { describe, expect, it } from 'vitest'
import { binaryFraming } from '../../../src/codec/binary-framing.js'
import type { BytesCodec } from '../../../src/codec/codec.js'
import { compose } from '../../../src/codec/compose.js'
import { gzip } from '../../../src/codec/gzip.js'
import { logSegments } from '../../../src/codec/log-segments.js'
import { collected, streamOf } from '../../support/znode-arbitrary.js'

/** Adds a letter behind each byte, and wants to find it there again. */
function lettered(letter: string): BytesCodec {
  return {
    id: letter,
    extension: `.${letter}`,
    lossless: letter !== 'lossy',
    seekable: true,
    async *encode(bytes) {
      for await (const chunk of bytes) yield Buffer.concat([chunk, Buffer.from(letter)])
    },
    async *decode(bytes) {
      for await (const chunk of bytes) {
        const text = Buffer.from(chunk).toString()
        expect(text.endsWith(letter)).toBe(true)
        yield Buffer.from(text.slice(0, -letter.length))
      }
    },
  }
}

describe('compose', () => {
  it('joins extensions, and undoes the last transform first', async () => {
    const codec = compose(lettered('a'), lettered('b'), lettered('c'))
    expect(codec.extension).toBe('.a.b.c')
    expect(codec.id).toBe('a+b+c')
    const [bytes] = await collected(codec.encode(streamOf([Buffer.from('-')])))
    expect(String(bytes)).toBe('-abc')
    expect(String(await collected(codec.decode(streamOf([Buffer.from('-abc')]))))).toBe('-')
  })

  it('is lossless where all are, and seekable only without a transform', () => {
    expect(compose(logSegments())).toMatchObject({ extension: '.log', lossless: true, seekable: true })
    expect(compose(logSegments(), gzip())).toMatchObject({ extension: '.log.gz', lossless: true, seekable: false })
    expect(compose(logSegments(), lettered('lossy'))).toMatchObject({ lossless: false })
    expect(compose(binaryFraming({ keys: true }), gzip())).toMatchObject({ lossless: false })
  })

  it('hands signal and subject to every one', async () => {
    const seen: unknown[] = []
    const noting = (name: string): BytesCodec => ({
      ...lettered(name),
      encode(bytes, options) {
        seen.push(options)
        return bytes
      },
      decode(bytes, options) {
        seen.push(options)
        return bytes
      },
    })
    const options = { signal: new AbortController().signal, subject: 'topic/0' }
    const codec = compose(noting('a'), noting('b'))
    await collected(codec.encode(streamOf([]), options))
    await collected(codec.decode(streamOf([]), options))
    expect(seen).toEqual([options, options, options, options])
  })

  it.each([
    ['no codec', {}],
    ['no extension', { ...gzip(), extension: '' }],
    ['an extension without a dot', { ...gzip(), extension: 'gz' }],
    ['an extension that is a path', { ...gzip(), extension: './gz' }],
    ['no name', { ...gzip(), id: '' }],
  ])('refuses a transform that has %s', (_, wrong) => {
    expect(() => compose(logSegments(), Object.assign({}, wrong) as BytesCodec)).toThrow(TypeError)
    expect(() => compose(Object.assign({}, wrong) as BytesCodec)).toThrow(TypeError)
  })
})
