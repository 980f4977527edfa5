import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { mapConcurrently } from '../../../src/internal/map-concurrently.js'

describe('items that are mapped side by side', () => {
  it('are answered in their order, and never more of them are under way than the limit', async () => {
    let underWay = 0
    let most = 0
    const results = await mapConcurrently([5, 1, 4, 2, 3], 2, async (turns, index) => {
      most = Math.max(most, ++underWay)
      for (let turn = 0; turn < turns; turn++) await nextTurn()
      underWay--
      return `${index}: ${turns}`
    })
    expect(results).toEqual(['0: 5', '1: 1', '2: 4', '3: 2', '4: 3'])
    expect(most).toBe(2)
  })

  it('end with the first error, after which nothing is begun', async () => {
    const boom = new Error('boom')
    const begun: number[] = []
    const mapped = mapConcurrently([0, 1, 2, 3], 1, async (item) => {
      begun.push(item)
      if (item === 1) throw boom
    })
    await expect(mapped).rejects.toBe(boom)
    expect(begun).toEqual([0, 1])
  })

  it('are none where there are none', async () => {
    expect(await mapConcurrently([], 3, async () => 1)).toEqual([])
  })
})
