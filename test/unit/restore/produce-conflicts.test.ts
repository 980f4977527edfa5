import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { KafkeepError, RestoreConflictError } from '../../../src/errors.js'
import { batchBytes, numberedRecords } from '../../support/batches.js'
import type { ProduceFault } from '../../support/partition-model.js'
import { bytesOf, IDENTITY, outgoing, restoring, targetModel, valuesOf } from '../../support/restoring.js'
import { collected } from '../../support/znode-arbitrary.js'

// The waits before a repetition are random up to a limit; here they are none.
beforeEach(() => {
  vi.spyOn(Math, 'random').mockReturnValue(0)
})
afterEach(() => {
  vi.restoreAllMocks()
})

const sizes = fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 14 })
const fault = fc.constantFrom<ProduceFault[]>(
  ...(['none', 'lost-before', 'lost-after', 'late', 'refused', 'after-append', 'forgotten'] as const),
)
const faults = fc.array(fault, { maxLength: 10 })

describe('a partition that somebody else writes to', () => {
  const batches = outgoing([2, 2, 2])
  const foreign = batchBytes({ records: numberedRecords(2, 'foreign') })

  it('is a conflict when the log’s end is not this restore’s', async () => {
    const model = targetModel()
    model.append(bytesOf(batches[0]))
    model.append(foreign)
    await expect(collected(restoring(model, batches))).rejects.toBeInstanceOf(RestoreConflictError)
    expect(model.requests).toBe(0)
  })

  it('is a conflict also when the broker, just elected, does not show the log’s end at once', async () => {
    const model = targetModel()
    model.append(bytesOf(batches[0]))
    model.append(foreign)
    model.emptyFetches = 1
    await expect(collected(restoring(model, batches.slice(0, 2)))).rejects.toBeInstanceOf(RestoreConflictError)
  })

  it('is a conflict when a batch does not get the offset it must', async () => {
    const model = targetModel()
    const run = restoring(model, batches, { maxInFlight: 1 })
    await run.next()
    model.append(foreign)
    await expect(collected(run)).rejects.toBeInstanceOf(RestoreConflictError)
  })

  it('stays a conflict when the restore is run again', async () => {
    const model = targetModel()
    const run = restoring(model, batches, { maxInFlight: 1 })
    await run.next()
    model.append(foreign)
    await expect(collected(run)).rejects.toBeInstanceOf(RestoreConflictError)
    // The log's end is now a batch of this restore, behind the foreign one.
    await expect(collected(restoring(model, batches))).rejects.toBeInstanceOf(RestoreConflictError)
  })

  it('is a conflict when its end lies inside a batch, or before the restore began', async () => {
    const model = targetModel()
    model.append(batchBytes({ ...IDENTITY, baseSequence: 0, records: numberedRecords(1) }))
    await expect(collected(restoring(model, batches))).rejects.toBeInstanceOf(RestoreConflictError)
    const emptied = restoring(targetModel(), batches, { targetFrom: 4n })
    await expect(collected(emptied)).rejects.toBeInstanceOf(RestoreConflictError)
  })
})

describe('a broker that forgets producers', () => {
  it('never makes a restore succeed over a log that is not the archive’s, also when it is run again', async () => {
    await fc.assert(
      fc.asyncProperty(sizes, faults, async (counts, lost) => {
        const batches = outgoing(counts)
        const model = targetModel(lost)
        for (let run = 0; run < 2; run++) {
          try {
            await collected(restoring(model, batches))
          } catch (error) {
            expect(error).toBeInstanceOf(KafkeepError)
            continue
          }
          expect(model.values).toEqual(valuesOf(batches))
        }
      }),
      { numRuns: 300 },
    )
  }, 60_000)

  it('is a conflict when a batch is in the log twice', async () => {
    const batches = outgoing([2, 2])
    const model = targetModel()
    for (const batch of [batches[0], batches[1], batches[1]]) {
      model.forgetProducers()
      model.append(bytesOf(batch))
    }
    await expect(collected(restoring(model, batches))).rejects.toBeInstanceOf(RestoreConflictError)
  })
})
