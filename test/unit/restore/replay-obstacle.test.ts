import { describe, expect, it } from 'vitest'
import { TransportError } from '../../../src/errors.js'
import type { PartitionChain } from '../../../src/restore/plan-source.js'
import { obstacleToReplay } from '../../../src/restore/replay-obstacle.js'
import { fakeKafka } from '../../support/fake-kafka.js'

const CHAIN: PartitionChain = {
  ...{ partition: 0, generation: 1, from: 0n, next: 9n, records: 8n, dense: false, trueOffsets: true },
  ...{ chain: [], segments: [], holes: [] },
}

function asked(reason?: string) {
  return fakeKafka({
    describeTransaction: async () => {
      if (reason === undefined) return undefined
      throw new TransportError('no', { system: 'kafka', reason })
    },
  })
}

describe('what stands in the way of transactions', () => {
  it('is nothing where there are none, and nobody is asked', async () => {
    const dense = { ...CHAIN, records: 9n, dense: true }
    expect(await obstacleToReplay({ kafka: fakeKafka({}) }, [dense])).toBeUndefined()
  })

  it('is nothing where the cluster tells of them', async () => {
    expect(await obstacleToReplay({ kafka: asked() }, [CHAIN])).toBeUndefined()
  })

  it.each([
    ['UNSUPPORTED_VERSION', /Kafka 3\.0/],
    ['TRANSACTIONAL_ID_AUTHORIZATION_FAILED', /kafkeep-restore-/],
  ])('is what the cluster answers: %s', async (reason, why) => {
    expect(await obstacleToReplay({ kafka: asked(reason) }, [CHAIN])).toMatch(why)
  })

  it('is not what happens to go wrong meanwhile', async () => {
    await expect(obstacleToReplay({ kafka: asked('COORDINATOR_NOT_AVAILABLE') }, [CHAIN])).rejects.toThrow('no')
  })
})
