import { type KafkaRecord, type SpredfastLayoutOptions, spredfastLayout, TopicArchive } from 'kafkeep'
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
