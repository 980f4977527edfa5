import { describe, expect, it } from 'vitest'
import { planSource } from '../../../src/restore/plan-source.js'
import { MemoryStorage } from '../../../src/storage/memory.js'
import { PARTITION } from '../../support/segments.js'

const TOPIC = { ...PARTITION, replicationFactor: 1, configs: [] }
const EMPTY = { partition: 0, generation: 1, from: 0n, next: 0n }
const SOURCE = { storage: new MemoryStorage(), codecs: [] }
const CONTEXT = { latest: true, signal: undefined }

describe('what the archive has of a topic', () => {
  it('is nothing, without a problem, where a partition was seen to be empty', async () => {
    const { problems } = await planSource(SOURCE, { ...TOPIC, partitions: [EMPTY] }, CONTEXT)
    expect(problems).toEqual([])
  })

  it('is not known where nobody had looked at a partition, which is a problem', async () => {
    const partitions = [EMPTY, { ...EMPTY, partition: 1, unseen: true as const }]
    const { problems } = await planSource(SOURCE, { ...TOPIC, partitions }, CONTEXT)
    expect(problems).toMatchObject([{ code: 'UNSEEN_PARTITION', text: expect.stringContaining('orders-1') }])
  })
})
