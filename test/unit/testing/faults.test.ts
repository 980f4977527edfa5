import { describe, expect, test } from 'vitest'
import { withFaults } from '../../../src/testing/faults.js'

class Counter {
  #calls = 0
  readonly label = 'counter'

  async next(): Promise<number> {
    this.#calls += 1
    return this.#calls
  }

  async *upTo(end: number): AsyncGenerator<number> {
    for (let value = 1; value <= end; value += 1) yield value
  }
}

const boom = new Error('boom')

async function collect(items: AsyncIterable<number>): Promise<(number | Error)[]> {
  const seen: (number | Error)[] = []
  try {
    for await (const item of items) seen.push(item)
  } catch (error) {
    if (error instanceof Error) seen.push(error)
  }
  return seen
}

describe('withFaults', () => {
  test('passes everything on as long as no fault is told', async () => {
    const { proxy } = withFaults(new Counter())
    expect([await proxy.next(), await proxy.next(), proxy.label]).toEqual([1, 2, 'counter'])
    expect(await collect(proxy.upTo(2))).toEqual([1, 2])
  })

  test('fails the call that was told, and no other', async () => {
    const { proxy, fail } = withFaults(new Counter())
    fail('next', boom, { skip: 1, times: 2 })
    expect(await proxy.next()).toBe(1)
    await expect(proxy.next()).rejects.toBe(boom)
    await expect(proxy.next()).rejects.toBe(boom)
    expect(await proxy.next()).toBe(2)
  })

  test('loses an answer after the work is done', async () => {
    const { proxy, fail } = withFaults(new Counter())
    fail('next', boom, { at: 'answer' })
    await expect(proxy.next()).rejects.toBe(boom)
    expect(await proxy.next()).toBe(2)
  })

  test('fails an iteration at once or after some items', async () => {
    const { proxy, fail } = withFaults(new Counter())
    fail('upTo', boom)
    expect(await collect(proxy.upTo(3))).toEqual([boom])
    fail('upTo', boom, { afterItems: 2 })
    expect(await collect(proxy.upTo(3))).toEqual([1, 2, boom])
    expect(await collect(proxy.upTo(3))).toEqual([1, 2, 3])
  })

  test('hangs a call until it is released', async () => {
    const { proxy, hang } = withFaults(new Counter())
    const releaseNext = hang('next')
    const releaseUpTo = hang('upTo')
    let settled = 0
    const pending = [proxy.next(), collect(proxy.upTo(2))].map(async (work) => {
      const result = await work
      settled += 1
      return result
    })
    expect(await proxy.next()).toBe(1)
    expect(settled).toBe(0)
    releaseNext()
    releaseUpTo()
    expect(await Promise.all(pending)).toEqual([2, [1, 2]])
  })
})
