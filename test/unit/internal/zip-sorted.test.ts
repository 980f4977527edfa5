import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { zipSorted } from '../../../src/internal/zip-sorted.js'
import { collected, streamOf } from '../../support/znode-arbitrary.js'

const sorted = fc.uniqueArray(fc.nat({ max: 30 })).map((numbers) => numbers.sort((one, other) => one - other))
const ascending = (one: number, other: number) => one - other

describe('zipSorted', () => {
  it('gives each item once, and equal ones together', async () => {
    await fc.assert(
      fc.asyncProperty(sorted, sorted, async (left, right) => {
        const pairs = await collected(zipSorted(streamOf(left), streamOf(right), ascending))
        const all = [...new Set([...left, ...right])].sort(ascending)
        const has = (list: readonly number[], item: number) => (list.includes(item) ? item : undefined)
        expect(pairs).toEqual(all.map((item) => [has(left, item), has(right, item)]))
      }),
    )
  })

  it('ends both streams when the consumer leaves, and when one of them fails', async () => {
    const ended: string[] = []
    async function* endless(name: string) {
      try {
        for (let number = 0; ; number++) yield number
      } finally {
        ended.push(name)
      }
    }
    for await (const _ of zipSorted(endless('left'), endless('right'), ascending)) break
    expect(ended).toEqual(['left', 'right'])
    const boom = new Error('boom')
    async function* failing() {
      yield 0
      throw boom
    }
    await expect(collected(zipSorted(endless('beside'), failing(), ascending))).rejects.toBe(boom)
    expect(ended).toEqual(['left', 'right', 'beside'])
  })
})
