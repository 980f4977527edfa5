import { offsetsOf } from '../../archive/offset-ranges.js'
import type { KafkaRecord } from '../../batch/read-records.js'
import type { RecordBatch } from '../../batch/record-batch.js'
import type { Codec } from '../../codec/codec.js'
import { ArchiveCorruptError } from '../../errors.js'
import type { ArchiveStorage, StorageCallOptions } from '../../storage/storage.js'
import type { PlacedFile, SharedOffsets } from './foreign-log.js'

/**
 * Makes sure that two files have the same records at the offsets that both have by counting. If they have not, their
 * offsets have holes, or they are of two topics of the same name: then nobody can tell what to leave out. Damage is not
 * told here.
 *
 * @throws {@link ArchiveCorruptError} when they differ.
 */
export async function checkOverlap(
  { earlier, later, from, next }: SharedOffsets,
  { storage, codec }: { readonly storage: ArchiveStorage; readonly codec: Codec<RecordBatch> },
  { signal }: StorageCallOptions,
): Promise<void> {
  const records = (placed: PlacedFile) =>
    recordsFrom(codec.decode(storage.get(placed.file.key, { signal })), from - placed.from)
  const others = records(later)
  let left = next - from
  try {
    for await (const record of records(earlier)) {
      const other = await others.next()
      if (other.done === true || !isSame(record, other.value)) break
      left--
      if (left === 0n) return
    }
  } catch (error) {
    // Whoever reads the damaged one is told of it; the other one has the same offsets.
    if (error instanceof ArchiveCorruptError) return
    throw error
  } finally {
    await others.return()
  }
  throw new ArchiveCorruptError(
    `${earlier.file.key} and ${later.file.key} both have ${offsetsOf({ from, next })} by their names and counts, but not the same records`,
    {
      key: later.file.key,
      from,
      next,
      hint: 'their offsets have holes, or the topic was created anew: copy the files of one of them to another prefix and read them apart',
    },
  )
}

async function* recordsFrom(
  batches: AsyncIterable<RecordBatch>,
  skipped: bigint,
): AsyncGenerator<KafkaRecord, void, void> {
  for await (const batch of batches) {
    if (batch.nextOffset <= skipped) continue
    for (const record of batch.records()) if (record.offset >= skipped) yield record
  }
}

function isSame(one: KafkaRecord, other: KafkaRecord): boolean {
  return isSameField(one.key, other.key) && isSameField(one.value, other.value)
}

function isSameField(one: Uint8Array | null, other: Uint8Array | null): boolean {
  return one === null || other === null ? one === other : Buffer.compare(one, other) === 0
}
