import { codecContract } from 'kafkeep/testing'
import { describe, expect, test } from 'vitest'
import type { Codec } from '../../../src/codec/codec.js'
import { ArchiveCorruptError } from '../../../src/errors.js'
import { collected, streamOf } from '../../support/znode-arbitrary.js'

const ITEMS = Array.from({ length: 500 }, (_, index) => `item ${index}`)

/** A codec that passes: a line for each item, then a checksum. */
const SOUND: Codec<string> = {
  id: 'lines',
  extension: '.lines',
  lossless: true,
  seekable: false,
  async *encode(items, { signal } = {}) {
    let sum = 0
    for await (const item of items) {
      signal?.throwIfAborted()
      sum = summed(sum, item)
      yield Buffer.from(`${item}\n`)
    }
    yield Buffer.from(`${sum}\n`)
  },
  async *decode(bytes, { signal } = {}) {
    const chunks: Uint8Array[] = []
    for await (const chunk of bytes) {
      signal?.throwIfAborted()
      chunks.push(chunk)
    }
    yield* itemsIn(Buffer.concat(chunks))
  },
}

function itemsIn(bytes: Buffer): string[] {
  const lines = bytes.toString('latin1').split('\n')
  const items = lines.slice(0, -2)
  if (lines.at(-1) !== '' || lines.at(-2) !== String(items.reduce(summed, 0))) {
    throw new ArchiveCorruptError('not what was written')
  }
  return items
}

function summed(sum: number, item: string): number {
  return [...item].reduce((hash, letter) => (Math.imul(hash, 31) + letter.charCodeAt(0)) | 0, sum + 1)
}

/** Ends a stream where `last` says so. */
async function* until<T>(items: AsyncIterable<T>, last: (item: T) => boolean): AsyncGenerator<T, void, void> {
  for await (const item of items) {
    if (last(item)) return
    yield item
  }
}

async function* rethrown<T>(
  items: AsyncIterable<T>,
  change: (error: unknown) => unknown,
): AsyncGenerator<T, void, void> {
  try {
    yield* items
  } catch (error) {
    throw change(error)
  }
}

/** All items, whatever becomes of the source: it is never closed. */
function unclosed<T>(items: AsyncIterable<T>): AsyncIterable<T> {
  const iterator = items[Symbol.asyncIterator]()
  return { [Symbol.asyncIterator]: () => ({ next: () => iterator.next() }) }
}

async function* linesOnly(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, void> {
  const all = Buffer.concat(await collected(bytes)).toString('latin1')
  yield* all.split('\n').slice(0, -2)
}

const shared: string[] = []

const BROKEN: readonly (readonly [name: string, fault: Partial<Codec<string>>, failing: string])[] = [
  ['loses an item', { encode: (items) => SOUND.encode(until(items, (item) => item === 'item 499')) }, 'gives back'],
  [
    'takes chunks for lines',
    {
      async *decode(bytes) {
        for await (const chunk of bytes) yield* Buffer.from(chunk).toString().split('\n').slice(0, -1)
      },
    },
    'gives back what it was given, in chunks of one byte',
  ],
  [
    'stops at empty chunks',
    { decode: (bytes) => SOUND.decode(until(bytes, ({ length }) => length === 0)) },
    'passes over',
  ],
  [
    'cannot write nothing',
    {
      async *encode(items) {
        const all = await collected(items)
        if (all.length > 0) yield* SOUND.encode(streamOf(all))
      },
    },
    'makes an object of no items',
  ],
  [
    'mixes up two calls',
    {
      async *encode(items) {
        for await (const item of items) shared.push(item)
        yield* SOUND.encode(streamOf(shared.splice(0)))
      },
    },
    'serves several calls at once',
  ],
  [
    'reads before it is asked to',
    {
      decode(bytes, options) {
        const first = bytes[Symbol.asyncIterator]().next()
        first.catch(() => {})
        return SOUND.decode(bytes, options)
      },
    },
    'does nothing before',
  ],
  ['has an extension without a dot', { extension: 'lines' }, 'has a name'],
  ['believes cut-off objects', { decode: linesOnly }, 'never takes a cut-off object'],
  ['believes flipped bits', { decode: linesOnly }, 'never gives other items for flipped bits'],
  [
    'believes bytes behind the end',
    {
      async *decode(bytes) {
        const all = Buffer.concat(await collected(bytes))
        yield* itemsIn(all.subarray(0, all.lastIndexOf('\n') + 1))
      },
    },
    'notices bytes behind the end',
  ],
  [
    'has errors of its own for damage',
    { decode: (bytes) => rethrown(SOUND.decode(bytes), (cause) => new TypeError('oops', { cause })) },
    'never gives other items for flipped bits',
  ],
  ['keeps its source open', { encode: (items) => SOUND.encode(unclosed(items)) }, 'closes its source when the reader'],
  [
    'wraps errors of its source',
    { decode: (bytes) => rethrown(SOUND.decode(bytes), (cause) => new Error('oops', { cause })) },
    'lets an error of the source of decode out',
  ],
  ['ignores signals when it writes', { encode: (items) => SOUND.encode(items) }, 'rejects encode with the reason'],
  ['ignores signals when it reads', { decode: (bytes) => SOUND.decode(bytes) }, 'rejects decode with the reason'],
]

describe('the codec contract', () => {
  describe('passes a codec that is sound', () => {
    codecContract(test, { codec: SOUND, items: ITEMS, noticesFlips: true })
  })

  test.each(BROKEN)('fails a codec that %s', async (_, fault, failing) => {
    const tests = contractTests({ ...SOUND, ...fault }).filter(({ name }) => name.startsWith(failing))
    expect(tests.length).toBeGreaterThan(0)
    const outcomes = await Promise.allSettled(tests.map(({ body }) => body()))
    expect(outcomes.map(({ status }) => status)).toContain('rejected')
  })

  test('refuses options that it does not know, and fewer than two items', () => {
    const options = { codec: SOUND, items: ITEMS }
    expect(() => codecContract(() => {}, Object.assign({ same: 1 }, options))).toThrow('has no option `same`')
    expect(() => codecContract(() => {}, { ...options, items: ['one'] })).toThrow(RangeError)
  })
})

function contractTests(codec: Codec<string>): { readonly name: string; readonly body: () => Promise<void> }[] {
  const tests: { readonly name: string; readonly body: () => Promise<void> }[] = []
  codecContract((name, body) => tests.push({ name, body }), { codec, items: ITEMS, noticesFlips: true })
  return tests
}
