import { describe, expect, it } from 'vitest'
import { TaskSet } from '../../../src/internal/task-set.js'

const NEVER_MS = Number.POSITIVE_INFINITY

function deferred<T>() {
  let resolve: (value: T) => void = () => {}
  let reject: (reason: unknown) => void = () => {}
  const promise = new Promise<T>((onValue, onReason) => {
    resolve = onValue
    reject = onReason
  })
  return { promise, resolve, reject }
}

describe('tasks that run side by side', () => {
  it('are given in the order in which they end, those that ended meanwhile together', async () => {
    const tasks = new TaskSet<string>()
    const [slow, quick, quicker] = [deferred<string>(), deferred<string>(), deferred<string>()]
    for (const { promise } of [slow, quick, quicker]) tasks.add(promise)
    quicker.resolve('quicker')
    expect(await tasks.next(NEVER_MS)).toEqual(['quicker'])
    quick.resolve('quick')
    slow.resolve('slow')
    await slow.promise
    expect(await tasks.next(NEVER_MS)).toEqual(['quick', 'slow'])
    expect(tasks.size).toBe(0)
  })

  it('are not waited for longer than the limit', async () => {
    const tasks = new TaskSet<string>()
    const slow = deferred<string>()
    tasks.add(slow.promise)
    expect(await tasks.next(1)).toEqual([])
    expect(tasks.size).toBe(1)
    slow.resolve('slow')
    expect(await tasks.next(NEVER_MS)).toEqual(['slow'])
  })

  it('tell what has ended before one of them failed, and then its error itself', async () => {
    const tasks = new TaskSet<string>()
    const boom = new Error('boom')
    tasks.add(Promise.resolve('done'))
    tasks.add(Promise.reject(boom))
    tasks.add(Promise.resolve('done as well'))
    await new Promise(setImmediate)
    expect(await tasks.next(NEVER_MS)).toEqual(['done'])
    await expect(tasks.next(NEVER_MS)).rejects.toBe(boom)
    expect(await tasks.next(NEVER_MS)).toEqual(['done as well'])
  })

  it('can be waited for until none runs, whatever they become', async () => {
    const tasks = new TaskSet<string>()
    const [slow, failing] = [deferred<string>(), deferred<string>()]
    tasks.add(slow.promise)
    tasks.add(failing.promise)
    const drained = tasks.drain()
    failing.reject(new Error('nobody hears of it'))
    slow.resolve('slow')
    await drained
    expect(tasks.size).toBe(0)
  })
})
