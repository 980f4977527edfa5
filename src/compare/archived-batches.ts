import { type ChainBatch, isUncut, recordsOf } from '../archive/read-chain.js'
import type { ComparedBatch, ComparedRecord } from './compared-batch.js'

/** What is archived, at the offsets it had. */
export async function* atTheirOffsets(items: AsyncIterable<ChainBatch>): AsyncGenerator<ComparedBatch, void, void> {
  for await (const item of items) {
    const { batch } = item
    if (batch.control) continue
    const committed = item.committed === true
    yield {
      ...{ batch, committed, at: isUncut(item) ? batch.baseOffset : undefined },
      *records(): Generator<ComparedRecord, void, void> {
        for (const record of recordsOf(item)) yield { at: record.offset, record, committed }
      },
    }
  }
}

/** What read_committed consumers see of what is archived, one record after the other from `start` on. */
export async function* closedUp(
  items: AsyncIterable<ChainBatch>,
  start: bigint,
): AsyncGenerator<ComparedBatch, void, void> {
  let end = start
  for await (const item of items) {
    const { batch } = item
    const isDense = isUncut(item) && batch.recordCount === batch.lastOffsetDelta + 1
    const at = end
    const records = isDense ? undefined : [...recordsOf(item)]
    end += BigInt(records?.length ?? batch.recordCount)
    yield {
      ...{ batch, committed: true, at: isDense ? at : undefined },
      *records(): Generator<ComparedRecord, void, void> {
        let offset = at
        for (const record of records ?? recordsOf(item)) yield { at: offset++, record, committed: true }
      },
    }
  }
}
