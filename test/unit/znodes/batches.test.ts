import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BATCH_BYTES, BATCH_OPERATIONS, inBatches } from '../../../src/znodes/batches.js'
import { collected, streamOf } from '../../support/znode-arbitrary.js'

describe('inBatches', () => {
  it('keeps the order and bounds each batch, but for one item that is too large by itself', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 2 * BATCH_BYTES }), { maxLength: 60 }), async (sizes) => {
        const batches = await collected(inBatches(streamOf(sizes), (size) => size))
        expect(batches.flat()).toEqual(sizes)
        for (const batch of batches) {
          const bytes = batch.reduce((sum, size) => sum + size, 0)
          expect(batch.length === 1 || bytes <= BATCH_BYTES).toBe(true)
        }
      }),
    )
  })

  it('bounds the number of operations too', async () => {
    const steps = streamOf(Array.from({ length: 2 * BATCH_OPERATIONS + 1 }))
    const batches = await collected(inBatches(steps, () => 1))
    expect(batches.map(({ length }) => length)).toEqual([BATCH_OPERATIONS, BATCH_OPERATIONS, 1])
  })
})
