import { describe, expect, it } from 'vitest'
import { merge } from '../../../src/internal/merge.js'
import { collected } from '../../support/znode-arbitrary.js'

/** Yields `items` one after the other; tells when it is closed. */
async function* source<T>(items: readonly T[], onClose = () => {}): AsyncGenerator<T, void, void> {
  try {
    for (const item of items) {
      await new Promise(setImmediate)
      yield item
    }
  } finally {
    onClose()
  }
}

describe('generators that run side by side', () => {
  it('give every item, those of one generator in order', async () => {
    const found = await collected(merge([source(['a1', 'a2', 'a3']), source([]), source(['b1', 'b2'])]))
    expect(found.filter((item) => item.startsWith('a'))).toEqual(['a1', 'a2', 'a3'])
    expect(found.filter((item) => item.startsWith('b'))).toEqual(['b1', 'b2'])
    expect(found).toHaveLength(5)
    expect(await collected(merge([]))).toEqual([])
  })

  it('are at most one item ahead of the consumer', async () => {
    let made = 0
    async function* counting() {
      for (;;) yield ++made
    }
    const merged = merge([counting()])
    for (let taken = 1; taken <= 5; taken++) {
      await merged.next()
      expect(made).toBeLessThanOrEqual(taken + 1)
    }
    await merged.return()
  })

  it('are all closed when the consumer leaves', async () => {
    const closed: string[] = []
    const merged = merge([source([1, 2, 3], () => closed.push('a')), source([4, 5, 6], () => closed.push('b'))])
    for await (const _ of merged) break
    expect(closed.sort()).toEqual(['a', 'b'])
  })

  it('are all closed when one fails, and its error is the one that is told', async () => {
    const closed: string[] = []
    const failure = new Error('first')
    async function* failing(): AsyncGenerator<number, void, void> {
      yield 1
      throw failure
    }
    async function* failingLater(): AsyncGenerator<number, void, void> {
      try {
        yield* source(Array.from({ length: 100 }, (_, index) => index))
      } finally {
        closed.push('b')
        // biome-ignore lint/correctness/noUnsafeFinally: a source that fails while it is closed is what this is about
        throw new Error('second')
      }
    }
    await expect(collected(merge([failing(), failingLater()]))).rejects.toBe(failure)
    expect(closed).toEqual(['b'])
  })
})
