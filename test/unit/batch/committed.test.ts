import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CommittedFilter } from '../../../src/batch/committed.js'
import { BIT, batchView, numberedRecords } from '../../support/batches.js'
import { cutAt, offsetsOf, rangeOf, transactionalLog, transactionalLogOf } from '../../support/transactional-log.js'

const places = fc.array(fc.nat(), { maxLength: 6 })

describe('CommittedFilter', () => {
  it('shows exactly what was committed, however transactions of several producers lie between each other', () => {
    fc.assert(
      fc.property(transactionalLog, (log) => {
        const filter = new CommittedFilter()
        filter.add(log.abortedIn(0n, log.end).reverse())
        expect(offsetsOf(log.batches.filter((batch) => filter.accepts(batch)))).toEqual(log.committed)
      }),
    )
  })

  it('shows the same when it is told of aborted transactions a piece of the log at a time, some of them again', () => {
    fc.assert(
      fc.property(transactionalLog, places, (log, cuts) => {
        const filter = new CommittedFilter()
        const shown = cutAt(log.batches, cuts).flatMap((piece) => {
          const { from, next } = rangeOf(piece)
          filter.add(log.abortedIn(from, next))
          return piece.filter((batch) => filter.accepts(batch))
        })
        expect(offsetsOf(shown)).toEqual(log.committed)
      }),
    )
  })

  it('shows the same of a piece that is read alone', () => {
    fc.assert(
      fc.property(transactionalLog, places, (log, cuts) => {
        for (const piece of cutAt(log.batches, cuts)) {
          const { from, next } = rangeOf(piece)
          const filter = new CommittedFilter()
          filter.add(log.abortedIn(from, next))
          const expected = log.committed.filter((offset) => offset >= from && offset < next)
          expect(offsetsOf(piece.filter((batch) => filter.accepts(batch)))).toEqual(expected)
        }
      }),
    )
  })

  it('shows what a producer writes outside a transaction, also while one of its transactions is aborted', () => {
    const filter = new CommittedFilter()
    filter.add([{ producerId: 7n, firstOffset: 0n }])
    const content = { producerId: 7n, records: numberedRecords(2) }
    expect(filter.accepts(batchView({ ...content, attributes: BIT.transactional }))).toBe(false)
    expect(filter.accepts(batchView({ ...content, baseOffset: 2n }))).toBe(true)
  })

  it('never shows a marker, nor a batch that a marker has left empty', () => {
    const log = transactionalLogOf([
      { producer: 0, action: 'write', records: 1 },
      { producer: 0, action: 'commit', records: 1 },
    ])
    const filter = new CommittedFilter()
    expect(log.batches.map((batch) => filter.accepts(batch))).toEqual([true, false])
    expect(filter.accepts(batchView({ attributes: BIT.control | BIT.transactional, records: [] }))).toBe(false)
  })
})
