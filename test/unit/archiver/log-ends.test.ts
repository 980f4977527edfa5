import { MemoryStorage } from 'kafkeep'
import { describe, expect, it } from 'vitest'
import { batchBytes } from '../../support/batches.js'
import { ClusterModel } from '../../support/cluster-model.js'
import { run, TOPIC } from '../../support/model-run.js'
import { transactionalLogOf } from '../../support/transactional-log.js'

const LOG = transactionalLogOf([{ producer: 0, action: 'write-plainly', records: 3 }])

describe('a topic that somebody writes to at every moment', () => {
  it('is archived completely, and no transaction is taken for open', async () => {
    const cluster = new ClusterModel()
    cluster.add(TOPIC, [LOG])
    const { transport } = cluster
    const busy: typeof transport = {
      ...transport,
      async listOffsets(position, partitions, options) {
        const answer = await transport.listOffsets(position, partitions, options)
        await transport.produce({ topic: TOPIC, partition: 0 }, batchBytes())
        return answer
      },
    }
    const summary = await run(busy, new MemoryStorage())
    expect(summary).toMatchObject({ complete: true, partitions: [{ complete: true }] })
    expect(summary.partitions[0]?.openFrom).toBeUndefined()
  })
})
