import { describe, expect, it } from 'vitest'
import { gapKey } from '../../../src/archive/names.js'
import { planSource } from '../../../src/restore/plan-source.js'
import { MemoryStorage } from '../../../src/storage/memory.js'
import { batchView, numberedRecords } from '../../support/batches.js'
import { PARTITION, putSegment } from '../../support/segments.js'

const TOPIC = { ...PARTITION, replicationFactor: 1, configs: [] }
const EMPTY = { partition: 0, generation: 1, from: 0n, next: 0n }
const SOURCE = { storage: new MemoryStorage(), codecs: [] }
const CONTEXT = { latest: true, onDamage: 'error', ranges: [], signal: undefined } as const

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

  it('lacks what no gap explains, which is a problem, or is left out and listed where that is wanted', async () => {
    const storage = new MemoryStorage()
    for (const baseOffset of [0n, 9n])
      await putSegment(storage, [batchView({ baseOffset, records: numberedRecords(3) })])
    await storage.put(gapKey({ ...PARTITION, generation: 1, from: 3n, next: 5n, cause: 'retention' }), Buffer.alloc(0))
    const partitions = [{ ...EMPTY, partition: PARTITION.partition, next: 12n }]
    const text = expect.stringContaining('offsets 5 to 8')
    const refused = await planSource({ storage, codecs: [] }, { ...TOPIC, partitions }, CONTEXT)
    expect(refused).toMatchObject({ problems: [{ code: 'DAMAGED', text }], chains: [{ holes: [] }] })
    const skipping = await planSource(
      { storage, codecs: [] },
      { ...TOPIC, partitions },
      { ...CONTEXT, onDamage: 'skip' },
    )
    const hole = { kind: 'missing', topic: 'orders', partition: 3, from: 5n, next: 9n, text }
    expect(skipping).toMatchObject({ problems: [], chains: [{ holes: [hole] }] })
  })
})
