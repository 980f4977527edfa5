import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { segmentKey } from '../../../../src/archive/names.js'
import {
  cursorKey,
  dataKey,
  dayAfter,
  folderOf,
  indexKey,
  parseFileName,
} from '../../../../src/interop/spredfast/file-names.js'
import { indexText, recordsInIndex } from '../../../../src/interop/spredfast/index-file.js'
import {
  attemptKey,
  parseAttemptKey,
  parseWrittenKey,
  writtenKey,
} from '../../../../src/interop/spredfast/written-files.js'

describe('names of the connector', () => {
  it('are those of its documentation', () => {
    const file = { topic: 'example-topic', partition: 0, first: 0n, day: '2017-12-19' }
    expect(dataKey(file)).toBe('2017-12-19/example-topic-00000-000000000000.gz')
    expect(indexKey(dataKey(file))).toBe('2017-12-19/example-topic-00000-000000000000.index.json')
    expect(cursorKey(file)).toBe('last_chunk_index.example-topic-00000.txt')
    expect(['', 'pfx', 'pfx/'].map(folderOf)).toEqual(['', 'pfx/', 'pfx/'])
    expect(['2017-12-31', '2020-02-28'].map(dayAfter)).toEqual(['2018-01-01', '2020-02-29'])
  })

  it('are read in both groupings, also where numbers outgrow their places', () => {
    const topic = fc.stringMatching(/^[A-Za-z0-9._-]{1,30}$/)
    const partition = fc.integer({ min: 0, max: 999_999 })
    const first = fc.bigInt({ min: 0n, max: 2n ** 63n - 2n })
    fc.assert(
      fc.property(topic, partition, first, (name, number, offset) => {
        const file = { topic: name, partition: number, first: offset, day: '2017-12-19' }
        expect(parseFileName(dataKey(file))).toEqual(file)
        const [day, numbers = ''] = [file.day, dataKey(file).slice(`${file.day}/${name}-`.length)]
        expect(parseFileName(`${name}/${day}/${numbers}`)).toEqual(file)
      }),
    )
  })

  it.each([
    '2017-12-19/orders-00000-000000000000.index.json',
    '2017-12-19/orders-0000-000000000000.gz',
    '2017-12-19/orders-000000-000000000000.gz',
    '2017-12-19/orders-00000-0000000000000.gz',
    '2017-12-19/orders-1000000-000000000000.gz',
    '2017-12-19/orders-00000-9999999999999999999.gz',
    '2017-12-19/-00000-000000000000.gz',
    '2017-02-30/orders-00000-000000000000.gz',
    'x/2017-12-19/orders-00000-000000000000.gz',
    'orders/2017-12-19/x/00000-000000000000.gz',
    'last_chunk_index.orders-00000.txt',
  ])('are not seen in %s', (key) => {
    expect(parseFileName(key)).toBeUndefined()
  })
})

describe('an index', () => {
  const chunks = [
    { contentBytes: 20, records: 1, sizeBytes: 40 },
    { contentBytes: 0, records: 0, sizeBytes: 20 },
    { contentBytes: 9, records: 2, sizeBytes: 31 },
  ]

  it('is the text of its documentation', () => {
    expect(indexText(0n, chunks.slice(0, 1))).toBe(
      '{"chunks":[{"byte_length_uncompressed":20,"num_records":1,"byte_length":40,"byte_offset":0,"first_record_offset":0}]}',
    )
  })

  it('tells the records of its own file and of no other', () => {
    const text = indexText(7n, chunks)
    expect(recordsInIndex(text, { first: 7n, sizeBytes: 91 })).toBe(3)
    expect(recordsInIndex(text, { first: 7n, sizeBytes: 92 })).toBeUndefined()
    expect(recordsInIndex(text, { first: 8n, sizeBytes: 91 })).toBeUndefined()
  })

  it('is believed in nothing that it cannot say', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        expect(recordsInIndex(text, { first: 0n, sizeBytes: 1 })).toBeUndefined()
      }),
    )
  })
})

it('the name of an attempt says which file it is and of what content, and does not look like a file', () => {
  const attempt = { dataKey: '2017-12-19/orders-00000-000000000000.gz', sizeBytes: 91, crc32c: 7 }
  expect(parseAttemptKey(attemptKey(attempt))).toEqual(attempt)
  expect(attemptKey(attempt)).not.toMatch(/\.gz$/)
  expect(parseAttemptKey(attempt.dataKey)).toBeUndefined()
})

describe('the name of a written file', () => {
  const facts = { firstEpoch: 0, lastEpoch: 0, maxTimestampMs: 7n, abortedTransactions: 0, crc32c: 1 }
  const place = { topic: 'orders', topicId: 'abc', partition: 3, generation: 1, from: 4n, next: 9n, records: 5 }
  const segment = segmentKey({ ...place, ...facts, extension: '.spredfast' })

  it('says which segment it is and where', () => {
    const key = writtenKey(segment, 91, { day: '2017-12-19', first: 5n })
    expect(parseWrittenKey(key)).toMatchObject({
      segment: { key: segment, ...place },
      sizeBytes: 91,
      dataKey: '2017-12-19/orders-00003-000000000005.gz',
    })
    expect(parseWrittenKey(writtenKey(segment, 0, { day: '2017-12-19', first: 4n }))?.dataKey).toBeUndefined()
  })

  it.each([segment, `${segment}.s91.file`, 'archive.json', 'x.s1.2017-12-19-0.file'])('is not seen in %s', (key) => {
    expect(parseWrittenKey(key)).toBeUndefined()
  })
})
