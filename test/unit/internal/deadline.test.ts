import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { DeadlinePassedError, Deadlines } from '../../../src/internal/deadline.js'

const never = () => new Promise<never>(() => {})

/** What a wait has become so far. */
function watched(wait: Promise<unknown>) {
  const seen: { outcome?: unknown } = {}
  wait.then(
    (value) => {
      seen.outcome = value
    },
    (error) => {
      seen.outcome = error
    },
  )
  return seen
}

describe('Deadlines', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })

  afterEach(() => {
    vi.useRealTimers()
  })

  it('ends each wait at its own deadline, with one timer for all of them', async () => {
    const deadlines = new Deadlines(100)
    const early = deadlines.next()
    await vi.advanceTimersByTimeAsync(40)
    const late = deadlines.next()
    // A wait of the later deadline may be begun before one of the earlier.
    const [lateWait, earlyWait] = [watched(late.wait(never())), watched(early.wait(never()))]
    expect(vi.getTimerCount()).toBe(1)
    await vi.advanceTimersByTimeAsync(59)
    expect([earlyWait.outcome, lateWait.outcome]).toEqual([undefined, undefined])
    await vi.advanceTimersByTimeAsync(2)
    expect(earlyWait.outcome).toBeInstanceOf(DeadlinePassedError)
    expect(lateWait.outcome).toBeUndefined()
    await vi.advanceTimersByTimeAsync(40)
    expect(lateWait.outcome).toBeInstanceOf(DeadlinePassedError)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('gives what becomes of a promise in time, and leaves no timer behind', async () => {
    const deadline = new Deadlines(100).next()
    const error = new Error('of the work itself')
    expect(await deadline.wait(Promise.resolve('value'))).toBe('value')
    await expect(deadline.wait(Promise.reject(error))).rejects.toBe(error)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('ends a wait that is begun too late', async () => {
    const deadline = new Deadlines(100).next()
    await vi.advanceTimersByTimeAsync(150)
    const wait = watched(deadline.wait(never()))
    await vi.advanceTimersByTimeAsync(1)
    expect(wait.outcome).toBeInstanceOf(DeadlinePassedError)
  })
})
