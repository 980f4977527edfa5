import { writeBatch } from '../batch/write-batch.js'

/** About 140 kB as a batch, and quick to make; a million offsets take ten of them. */
const FILLER_RECORDS = 100_000
const KEY = Buffer.from('k')
/** Kafka's "no timestamp": fillers must not make a segment look newer than what is in it. */
const NO_TIMESTAMP_MS = -1n

/** How many fillers it takes, batch by batch, to fill so many offsets. */
export function* fillerCounts(offsets: bigint): Generator<number, void, void> {
  for (let left = offsets; left > 0n; left -= BigInt(FILLER_RECORDS)) {
    yield left < FILLER_RECORDS ? Number(left) : FILLER_RECORDS
  }
}

let largest: Buffer | undefined

/** A batch of so many records without content, with a key, because compacted topics take none without. */
export function fillerBatch(records: number): Buffer {
  if (records !== FILLER_RECORDS) return build(records)
  largest ??= build(records)
  return largest
}

function build(records: number): Buffer {
  const content = { timestampMs: NO_TIMESTAMP_MS, key: KEY, value: null, headers: [] }
  return writeBatch(
    Array.from({ length: records }, (_, index) => ({ offset: BigInt(index), ...content })),
    { compression: 'gzip' },
  )
}
