import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AbortedTracker, abortedBytes, readAborted } from '../../../src/archive/aborted.js'
import { abortedKey } from '../../../src/archive/names.js'
import { CommittedFilter } from '../../../src/batch/committed.js'
import { RecordBatchView } from '../../../src/batch/record-batch.js'
import { ArchiveCorruptError } from '../../../src/errors.js'
import type { AbortedTransaction } from '../../../src/kafka/transport.js'
import { MemoryStorage } from '../../../src/storage/memory.js'
import { markerBytes } from '../../support/batches.js'
import { segmentInfo } from '../../support/segments.js'
import { cutAt, offsetsOf, rangeOf, transactionalLog } from '../../support/transactional-log.js'

const ABORTED: readonly AbortedTransaction[] = [
  { producerId: 2n ** 60n, firstOffset: 0n },
  { producerId: 5n, firstOffset: 2n ** 62n },
]

function byName(transactions: readonly AbortedTransaction[]): string[] {
  return transactions.map(({ producerId, firstOffset }) => `${firstOffset} of ${producerId}`).sort()
}

describe('AbortedTracker', () => {
  const places = fc.array(fc.nat(), { maxLength: 6 })

  it('names to each segment exactly the aborted transactions that overlap it, wherever answers and segments end', () => {
    fc.assert(
      fc.property(transactionalLog, places, places, (log, answerCuts, segmentCuts) => {
        const segmentEnds = new Set(cutAt(log.batches, segmentCuts).map((piece) => rangeOf(piece).next))
        const tracker = new AbortedTracker()
        let from = 0n
        for (const answer of cutAt(log.batches, answerCuts)) {
          tracker.add(log.abortedIn(rangeOf(answer).from, rangeOf(answer).next))
          for (const batch of answer) {
            tracker.take(batch)
            if (!segmentEnds.has(batch.nextOffset)) continue
            const sealed = tracker.seal(batch.nextOffset)
            expect(byName(sealed)).toEqual(byName(log.abortedIn(from, batch.nextOffset)))
            const filter = new CommittedFilter()
            filter.add(sealed)
            const batches = log.batches.filter((b) => b.baseOffset >= from && b.baseOffset < batch.nextOffset)
            const committed = log.committed.filter((offset) => offset >= from && offset < batch.nextOffset)
            expect(offsetsOf(batches.filter((b) => filter.accepts(b)))).toEqual(committed)
            from = batch.nextOffset
          }
        }
      }),
      { numRuns: 300 },
    )
  })
})

describe('an aborted transaction that the broker names again', () => {
  it('after its marker was taken, as when an answer was damaged, is over all the same', () => {
    const aborted = [{ producerId: 7n, firstOffset: 0n }]
    const tracker = new AbortedTracker()
    tracker.add(aborted)
    tracker.take(new RecordBatchView(markerBytes('abort', { baseOffset: 3n, producerId: 7n })))
    tracker.add(aborted)
    expect(tracker.seal(4n)).toEqual(aborted)
    expect(tracker.seal(9n)).toEqual([])
  })
})

describe('the sidecar of a segment', () => {
  const segment = segmentInfo({ abortedTransactions: 2 })
  const sidecar = abortedKey(segment.key)

  async function stored(body: Uint8Array | string): Promise<MemoryStorage> {
    const storage = new MemoryStorage()
    await storage.put(sidecar, Buffer.from(body))
    return storage
  }

  it('gives back what was written, 64 bits wide', async () => {
    const long = { ...segment, next: 2n ** 63n - 1n }
    expect(await readAborted(await stored(abortedBytes(sidecar, ABORTED)), long, {})).toEqual(ABORTED)
  })

  it('that names a transaction which begins behind the segment, as another segment’s would, is damage', async () => {
    const other = readAborted(await stored(abortedBytes(sidecar, ABORTED)), segment, {})
    await expect(other).rejects.toMatchObject({ code: 'ARCHIVE_CORRUPT', key: sidecar, from: 0n, next: 10n })
  })

  it('is not looked for where the segment’s name says there is none', async () => {
    expect(await readAborted(new MemoryStorage(), segmentInfo(), {})).toEqual([])
  })

  it('that is missing is damage, never none', async () => {
    const missing = readAborted(new MemoryStorage(), segment, {})
    await expect(missing).rejects.toMatchObject({ code: 'ARCHIVE_CORRUPT', key: sidecar, from: 0n, next: 10n })
  })

  it('that names more or fewer than the segment’s name says is damage', async () => {
    const short = readAborted(await stored(abortedBytes(sidecar, ABORTED.slice(1))), segment, {})
    await expect(short).rejects.toMatchObject({ code: 'ARCHIVE_CORRUPT', key: sidecar, from: 0n, next: 10n })
  })

  it.each([
    ['is cut off', '{"format":1,"aborted":[', /is not JSON/],
    ['is no object', '[]', /not a JSON object/],
    ['has no list', '{"format":1}', /`aborted` is not a list/],
    ['has numbers instead of strings', '{"aborted":[{"producerId":1,"firstOffset":"0"}]}', /`aborted\[0\].producerId`/],
    [
      'has more than 64 bits',
      '{"aborted":[{"producerId":"1","firstOffset":"9223372036854775808"}]}',
      /`aborted\[0\].firstOffset`/,
    ],
  ])('that %s is damage, and the error says where', async (_, body, message) => {
    const reading = readAborted(await stored(body), segment, {})
    await expect(reading).rejects.toBeInstanceOf(ArchiveCorruptError)
    await expect(reading).rejects.toMatchObject({ key: sidecar, message: expect.stringMatching(message) })
  })
})
