import { gzipSync } from 'node:zlib'
import { type KafkaRecord, MemoryStorage, type SpredfastLayoutOptions, spredfastLayout, TopicArchive } from 'kafkeep'
import { describe, expect, it } from 'vitest'
import {
  type ProducedRecord,
  producedRecords,
  type SpredfastTree,
  spredfastBucket,
} from '../../../support/spredfast-fixtures.js'
import { collected } from '../../../support/znode-arbitrary.js'

const NOTHING = Buffer.alloc(0)

/** How each archive was configured, and what of a record it keeps. */
const ARCHIVES: readonly (readonly [SpredfastTree, SpredfastLayoutOptions, keeps: { readonly keys: boolean }])[] = [
  ['bin-keys', { keys: true, prefix: 'bin-keys' }, { keys: true }],
  ['bin-nokeys', { keys: false, prefix: 'bin-nokeys/' }, { keys: false }],
  ['grouped-by-topic', { keys: true, prefix: 'grouped-by-topic' }, { keys: true }],
]

/** What a record becomes in a file: null and empty are the same there. */
function kept({ offset, key, value }: ProducedRecord, { keys }: { readonly keys: boolean }) {
  return { offset, key: keys ? (key ?? NOTHING) : null, value: value ?? NOTHING, timestampMs: -1n, headers: [] }
}

function shown({ offset, key, value, timestampMs, headers }: KafkaRecord) {
  return { offset, key, value, timestampMs, headers }
}

describe.each(ARCHIVES)('the archive %s of the real connector', (tree, options, keeps) => {
  it.each([0, 1])('has the records of partition %d', async (partition) => {
    const archive = new TopicArchive({ storage: await spredfastBucket(tree), layout: spredfastLayout(options) })
    const expected = (await producedRecords('golden')).filter((record) => record.partition === partition)
    const records = await collected(archive.records({ topic: 'golden', partition }))
    expect(records.map(shown)).toEqual(expected.map((record) => kept(record, keeps)))
    const verdict = (await archive.partitions('golden'))[partition]
    expect(verdict).toMatchObject({ from: 0n, next: BigInt(expected.length), gaps: [], complete: true })
    expect(await collected(archive.verify({ deep: true }))).toEqual([])
  })
})

describe('text of the connector', () => {
  it('has a record a line, and values with line feeds become several', async () => {
    const storage = await spredfastBucket('text')
    const options = { keys: false, format: 'text', prefix: 'text' } as const
    const expected = (await producedRecords('golden')).filter(({ partition }) => partition === 0)
    const lines = expected.flatMap(({ value }) =>
      Buffer.from(value ?? NOTHING)
        .toString('latin1')
        .split('\n'),
    )
    const counted = new TopicArchive({ storage, layout: spredfastLayout({ ...options, useIndex: false }) })
    const records = await collected(counted.records({ topic: 'golden', partition: 0 }))
    expect(records.map(({ value }) => Buffer.from(value ?? NOTHING).toString('latin1'))).toEqual(lines)
    // By the index there are fewer: nobody can tell which lines belong together.
    const indexed = new TopicArchive({ storage, layout: spredfastLayout(options) })
    await expect(collected(indexed.records({ topic: 'golden', partition: 0 }))).rejects.toMatchObject({
      code: 'ARCHIVE_CORRUPT',
      hint: expect.stringContaining('useIndex: false'),
    })
  })

  it('has keys where it was told their delimiter', async () => {
    const storage = new MemoryStorage()
    const body = gzipSync(Buffer.from('k1=>v1;=>v2;k3=>;'))
    await storage.put('2017-12-19/orders-00000-000000000000.gz', body)
    const delimiters = { keyDelimiter: '=>', valueDelimiter: ';' }
    const layout = spredfastLayout({ keys: true, format: 'text', emptyAs: 'null', ...delimiters })
    const records = await collected(new TopicArchive({ storage, layout }).records({ topic: 'orders', partition: 0 }))
    expect(records.map(({ key, value }) => [key && String(key), value && String(value)])).toEqual([
      ['k1', 'v1'],
      [null, 'v2'],
      ['k3', null],
    ])
  })
})
