import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { TransportError } from '../../../src/errors.js'
import { batchBytes, numberedRecords } from '../../support/batches.js'
import { fakeKafka } from '../../support/fake-kafka.js'
import type { ProduceFault } from '../../support/partition-model.js'
import { bytesOf, outgoing, restoring, restoringFrom, targetModel, valuesOf } from '../../support/restoring.js'
import { collected } from '../../support/znode-arbitrary.js'

// The waits before a repetition are random up to a limit; here they are none.
beforeEach(() => {
  vi.spyOn(Math, 'random').mockReturnValue(0)
})
afterEach(() => {
  vi.restoreAllMocks()
})

const sizes = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 14 })
const TRANSIENT: readonly ProduceFault[] = ['none', 'lost-before', 'lost-after', 'late', 'refused', 'after-append']
const faults = fc.array(fc.constantFrom(...TRANSIENT), { maxLength: 10 })

describe('a partition that is being restored', () => {
  it('gets every batch once, in order; the first one alone, then as many at once as may be', async () => {
    const batches = outgoing([1, 2, 3, 1, 1, 2, 1])
    for (const maxInFlight of [1, 3, 5]) {
      const model = targetModel()
      const run = restoring(model, batches, { maxInFlight })
      expect((await run.next()).value).toBe(batches[0])
      expect(await collected(run)).toEqual(batches.slice(1))
      expect(model.values).toEqual(valuesOf(batches))
      expect(model).toMatchObject({ mostInFlight: maxInFlight, requests: batches.length })
    }
  })

  it('ends equal and holds nothing twice, whatever becomes of requests and answers', async () => {
    await fc.assert(
      fc.asyncProperty(sizes, faults, fc.integer({ min: 1, max: 5 }), async (counts, lost, maxInFlight) => {
        const batches = outgoing(counts)
        const model = targetModel(lost)
        expect(await collected(restoring(model, batches, { maxInFlight }))).toEqual(batches)
        expect(model.values).toEqual(valuesOf(batches))
      }),
      { numRuns: 150 },
    )
  }, 60_000)

  it('is taken up again by whoever comes next, at whatever batch the last one ended', async () => {
    const batches = outgoing([2, 1, 3])
    for (let done = 0; done <= batches.length; done++) {
      const model = targetModel()
      for (const batch of batches.slice(0, done)) model.append(bytesOf(batch))
      model.forgetProducers()
      expect(await collected(restoring(model, batches))).toEqual(batches)
      expect(model.requests).toBe(batches.length - done)
      expect(model.values).toEqual(valuesOf(batches))
    }
  })

  it('begins where it is told to', async () => {
    const model = targetModel()
    model.append(batchBytes({ records: numberedRecords(4, 'old') }))
    await collected(restoring(model, outgoing([2, 2]), { targetFrom: 4n }))
    expect(model.values.slice(4)).toEqual(valuesOf(outgoing([2, 2])))
  })

  it('is looked at only when everything in it is replicated', async () => {
    const batches = outgoing([1, 1])
    const model = targetModel()
    model.append(bytesOf(batches[0]))
    model.lags.push(1n, 1n, 0n, 1n)
    expect(await collected(restoring(model, batches))).toEqual(batches)
    expect(model.lags).toEqual([])
    expect(model.values).toEqual(valuesOf(batches))
  })

  it('is restored although there is no leader for a while after a request was refused', async () => {
    const batches = outgoing([1, 1, 1])
    const model = targetModel(['none', 'refused'])
    const run = restoring(model, batches)
    await run.next()
    model.leaders.push(-1, -1)
    expect(await collected(run)).toEqual(batches.slice(1))
    expect(model.values).toEqual(valuesOf(batches))
  })

  it('is restored although its tail cannot be read for a while', async () => {
    const batches = outgoing([1, 1])
    const model = targetModel()
    model.append(bytesOf(batches[0]))
    model.fetchErrors.push('NOT_LEADER_OR_FOLLOWER')
    expect(await collected(restoring(model, batches))).toEqual(batches)
  })
})

describe('a restore that cannot go on', () => {
  it('says what the broker refused', async () => {
    const { metadata, epochEnds, listOffsets } = targetModel().transport
    const refusing = fakeKafka({
      ...{ metadata, epochEnds, listOffsets },
      produce: async () => ({ error: 'MESSAGE_TOO_LARGE', baseOffset: -1n }),
    })
    const run = restoring(targetModel(), outgoing([1, 1]), { kafka: refusing })
    await expect(collected(run)).rejects.toMatchObject({ reason: 'MESSAGE_TOO_LARGE', retryable: false })
  })

  it('gives up after many attempts without any progress, with the last error', async () => {
    const model = targetModel(Array.from({ length: 100 }, () => 'refused' as const))
    const failing = collected(restoring(model, outgoing([1])))
    await expect(failing).rejects.toBeInstanceOf(TransportError)
    await expect(failing).rejects.toMatchObject({ reason: 'NOT_LEADER_OR_FOLLOWER' })
    expect(model.requests).toBeLessThan(100)
  })

  it('ends with the signal’s own reason', async () => {
    const controller = new AbortController()
    const reason = new Error('stop')
    const model = targetModel(Array.from({ length: 100 }, () => 'refused' as const))
    const run = collected(restoring(model, outgoing([1]), { signal: controller.signal }))
    controller.abort(reason)
    await expect(run).rejects.toBe(reason)
  })

  it('passes on what is wrong with the archive, and sends nothing after it', async () => {
    const model = targetModel()
    const damaged = new Error('damaged')
    async function* open() {
      yield* outgoing([1])
      throw damaged
    }
    await expect(collected(restoringFrom(model, open))).rejects.toBe(damaged)
    expect(model.requests).toBe(1)
  })
})
