import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { type KafkaRecord, MemoryStorage, type SpredfastLayoutOptions, spredfastLayout, TopicArchive } from 'kafkeep'
import { describe, expect, it } from 'vitest'
import { DAY, framed, putFile, values } from '../../../support/spredfast-bucket.js'
import { spredfastFiles } from '../../../support/spredfast-fixtures.js'
import { collected } from '../../../support/znode-arbitrary.js'

const FILE = `${DAY}/orders-00000-000000000000.gz`

/** What is read of a file, and how that ends. */
async function read(body: Uint8Array, options: SpredfastLayoutOptions = { keys: false }) {
  const storage = new MemoryStorage()
  await storage.put(FILE, body)
  const archive = new TopicArchive({ storage, layout: spredfastLayout(options) })
  const records: KafkaRecord[] = []
  try {
    for await (const record of archive.records({ topic: 'orders', partition: 0 })) records.push(record)
    return { records, error: undefined }
  } catch (error) {
    return { records, error }
  }
}

const members = [values(0, 3), values(3, 6)].map((part) => gzipSync(Buffer.concat(part.map(framed))))
const [first = Buffer.alloc(0), second = Buffer.alloc(0)] = members
const WHOLE = Buffer.concat(members)

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes)
  copy[at] = (copy[at] ?? 0) ^ 0x40
  return copy
}

describe('a damaged file', () => {
  it.each([
    ['a chunk that is cut', WHOLE.subarray(0, -9), 'chunk 1'],
    ['a trailer that is cut', WHOLE.subarray(0, -1), 'chunk 1'],
    ['a header that is cut', Buffer.concat([first, second.subarray(0, 5)]), 'chunk 1'],
    ['a checksum that is wrong', flipped(WHOLE, WHOLE.length - 6), 'its checksum is wrong'],
    ['a length that is wrong', flipped(WHOLE, WHOLE.length - 2), 'its length is wrong'],
    ['content that is wrong', flipped(WHOLE, first.length - 12), 'chunk 0'],
    [
      'something else behind a chunk',
      Buffer.concat([first, Buffer.from('no gzip, but something else')]),
      'no gzip header is there',
    ],
    ['something else behind padding', Buffer.concat([first, Buffer.alloc(9), Buffer.from('x')]), 'no gzip header'],
    ['a value that ends with its chunk', gzipSync(framed('value').subarray(0, 7)), '7 bytes into a record'],
    ['a length that ends with its chunk', gzipSync(Buffer.from([0, 0])), '2 bytes into a record'],
    ['a length that is negative', gzipSync(Buffer.from([0xff, 0, 0, 0])), 'claims -16777216 bytes'],
    ['headers that are none', gzipSync(Buffer.concat([framed('v'), Buffer.from([0xf6, 0, 0, 0, 1, 0x7b])])), 'is none'],
    ['nothing at all', Buffer.alloc(0), 'it holds 0 records'],
  ])('with %s is an error that says where', async (_, body, place) => {
    const { records, error } = await read(body)
    expect(error).toMatchObject({
      code: 'ARCHIVE_CORRUPT',
      message: expect.stringContaining(place),
      key: expect.stringMatching(place.includes('records') ? 'topics/orders/-spredfast/0/g1/' : FILE),
    })
    expect(records.map(({ value }) => String(value))).toEqual(values(0, records.length))
  })

  it('with a record that goes over two chunks is an error', async () => {
    const record = framed('a value of two chunks')
    const { records, error } = await read(
      Buffer.concat([record.subarray(0, 9), record.subarray(9)].map((part) => gzipSync(part))),
    )
    expect({ records, error }).toMatchObject({ records: [], error: { code: 'ARCHIVE_CORRUPT' } })
  })

  it('with zeros behind its end is whole', async () => {
    const { records, error } = await read(Buffer.concat([WHOLE, Buffer.alloc(512)]))
    expect(error).toBeUndefined()
    expect(records).toHaveLength(6)
  })

  it('says which object is damaged, and the rest of the archive is read', async () => {
    const storage = new MemoryStorage()
    await putFile(storage, { first: 0, chunks: [values(0, 2)] })
    await storage.put(`${DAY}/orders-00000-000000000002.gz`, flipped(WHOLE, 20))
    await putFile(storage, { first: 8, chunks: [values(8, 9)] })
    const archive = new TopicArchive({ storage, layout: spredfastLayout({ keys: false }) })
    const findings = await collected(archive.verify({ deep: true }))
    expect(findings).toMatchObject([
      { kind: 'damaged', key: `${DAY}/orders-00000-000000000002.gz`, topic: 'orders', from: 2n, next: 8n },
    ])
    const behind = await collected(archive.records({ topic: 'orders', partition: 0, from: 8n }))
    expect(behind.map(({ value }) => String(value))).toEqual(['value-8'])
  })
})

describe('a file that anything may have happened to', () => {
  const mutation = fc.record({
    kind: fc.constantFrom('flip', 'cut', 'insert', 'zero'),
    at: fc.nat(),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 20 }),
  })

  function mutated(whole: Buffer, { kind, at, bytes }: { kind: string; at: number; bytes: Uint8Array }): Buffer {
    const place = at % whole.length
    if (kind === 'cut') return whole.subarray(0, place)
    if (kind === 'insert') return Buffer.concat([whole.subarray(0, place), bytes, whole.subarray(place)])
    const copy = Buffer.from(whole)
    if (kind === 'zero') copy.fill(0, place, Math.min(place + bytes.length, copy.length))
    else copy[place] = (copy[place] ?? 0) ^ (1 << ((bytes[0] ?? 0) % 8))
    return copy
  }

  it('gives its first records, and all of them or an error', async () => {
    const whole = (await spredfastFiles('bin-keys')).get('2026-11-23/golden-00001-000000000000.gz') ?? Buffer.alloc(0)
    const { records: expected } = await read(whole, { keys: true })
    expect(expected).toHaveLength(25)
    const texts = expected.map(({ key, value }) => `${key} ${value}`)
    /** Chunks follow each other: a cut between two leaves a file that is whole. */
    const borders = [10, 20]
    await fc.assert(
      fc.asyncProperty(mutation, async (change) => {
        const { records, error } = await read(mutated(whole, change), { keys: true })
        expect(records.map(({ key, value }) => `${key} ${value}`)).toEqual(texts.slice(0, records.length))
        if (error === undefined && !borders.includes(records.length)) expect(records).toHaveLength(25)
        if (error !== undefined) expect(error).toMatchObject({ code: 'ARCHIVE_CORRUPT' })
      }),
      { numRuns: 300 },
    )
  })

  it('never takes more memory than its parts, whatever a length says and however it inflates', async () => {
    const bomb = gzipSync(
      Buffer.concat([framed('v'), Buffer.from([0x3f, 0xff, 0xff, 0xff]), Buffer.alloc(200_000_000)]),
      { level: 9 },
    )
    const before = process.memoryUsage().arrayBuffers
    const { error } = await read(bomb)
    expect(error).toMatchObject({ code: 'ARCHIVE_CORRUPT' })
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000_000)
  })
})
