import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { type CodecContract, decode, encode, pieces, streamOf, WatchedSource } from './support.js'

const EXTENSION = /^(?:\.[A-Za-z0-9_-]+)+$/

/** Where headers and trailers are. */
const EDGE_BYTES = 2_000

const CUTS: Readonly<Record<string, (bytes: Buffer) => Uint8Array[]>> = {
  'of one byte at both ends': (bytes) => [
    ...pieces(bytes.subarray(0, EDGE_BYTES), 1),
    ...pieces(bytes.subarray(EDGE_BYTES, -EDGE_BYTES), 997),
    ...pieces(bytes.subarray(Math.max(EDGE_BYTES, bytes.length - EDGE_BYTES)), 1),
  ],
  'of 70,001 bytes': (bytes) => pieces(bytes, 70_001),
  'that are the whole object': (bytes) => [bytes],
}

/** What comes back, and what a codec says of itself. */
export function roundTripContract<T>(contract: CodecContract<T>): void {
  chunks(contract)
  calls(contract)
  description(contract)
}

function chunks<T>({ test, codec, items, equal }: CodecContract<T>): void {
  for (const [name, cut] of Object.entries(CUTS)) {
    test(`gives back what it was given, in chunks ${name}`, async () => {
      const bytes = await encode(codec, items)
      assert.ok(equal(await decode(codec, streamOf(cut(bytes))), items))
    })
  }

  test('passes over chunks without bytes', async () => {
    const bytes = await encode(codec, items)
    const withEmpty = pieces(bytes, 997).flatMap((piece) => [piece, Buffer.alloc(0)])
    assert.ok(equal(await decode(codec, streamOf([Buffer.alloc(0), ...withEmpty])), items))
  })

  test('makes an object of no items, and gives none back', async () => {
    const bytes = await encode(codec, [])
    assert.ok(equal(await decode(codec, streamOf([bytes])), []))
  })
}

function calls<T>({ test, codec, items, equal }: CodecContract<T>): void {
  test('serves several calls at once', async () => {
    const [one, two] = await Promise.all([encode(codec, items), encode(codec, items.toReversed())])
    const [first, second] = await Promise.all([
      decode(codec, streamOf(pieces(one, 501))),
      decode(codec, streamOf(pieces(two, 499))),
    ])
    assert.ok(equal(first, items))
    assert.ok(equal(second, items.toReversed()))
  })

  test('does nothing before the first item is asked for', async () => {
    const given = new WatchedSource(items)
    codec.encode(given)
    const stored = new WatchedSource([await encode(codec, items)])
    codec.decode(stored)
    assert.equal(given.begun || stored.begun, false)
  })
}

function description<T>({ test, codec }: CodecContract<T>): void {
  test('has a name, and an extension that a key can end in', async () => {
    assert.equal(typeof codec.id, 'string')
    assert.notEqual(codec.id, '')
    assert.match(codec.extension, EXTENSION)
    assert.equal(typeof codec.lossless, 'boolean')
    assert.equal(typeof codec.seekable, 'boolean')
  })
}
