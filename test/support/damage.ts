import { abortedBytes } from '../../src/archive/aborted.js'
import { abortedKey } from '../../src/archive/names.js'
import type { SegmentInfo } from '../../src/archive/partition-log.js'
import type { RecordBatchView } from '../../src/batch/record-batch.js'
import { jsonLines } from '../../src/codec/json-lines.js'
import type { AbortedTransaction } from '../../src/kafka/transport.js'
import type { ArchiveStorage } from '../../src/storage/storage.js'
import { putSegment } from './segments.js'
import { collected, streamOf } from './znode-arbitrary.js'

/** What can happen to a segment in storage. */
export const DAMAGES = [
  'a flipped bit',
  'a truncated object',
  'a missing object',
  'a missing sidecar',
  'a sidecar that names too few',
  'a sidecar of another segment',
] as const
export type Damage = (typeof DAMAGES)[number]

/** Damages a segment; answers the key of the object that is not as it was. */
export async function inflict(storage: ArchiveStorage, segment: SegmentInfo, damage: Damage): Promise<string> {
  const sidecar = abortedKey(segment.key)
  if (damage === 'a flipped bit') return change(storage, segment.key, flipped)
  if (damage === 'a truncated object') return change(storage, segment.key, (bytes) => bytes.subarray(0, -1))
  if (damage === 'a missing object') return change(storage, segment.key, () => undefined)
  if (damage === 'a missing sidecar') return change(storage, sidecar, () => undefined)
  const named = damage === 'a sidecar that names too few' ? 0 : segment.abortedTransactions
  const other = { producerId: 1n, firstOffset: segment.next }
  return change(storage, sidecar, () =>
    abortedBytes(
      sidecar,
      Array.from({ length: named }, () => other),
    ),
  )
}

/** Replaces an object by what `become` makes of it, or removes it. */
export async function change(
  storage: ArchiveStorage,
  key: string,
  become: (bytes: Buffer) => Uint8Array | undefined,
): Promise<string> {
  const bytes = become(Buffer.concat(await collected(storage.get(key))))
  await storage.delete(key)
  if (bytes !== undefined) await storage.put(key, bytes)
  return key
}

/** One bit in the middle is another one. */
export function flipped(bytes: Buffer): Buffer {
  const at = Math.floor(bytes.length / 2)
  bytes[at] = (bytes[at] ?? 0) ^ 1
  return bytes
}

/** Stores batches as lines, of which only the first `whole` batches can be decoded; the checksum is right. */
export async function putCutOff(
  storage: ArchiveStorage,
  batches: readonly RecordBatchView[],
  whole: number,
  aborted: readonly AbortedTransaction[] = [],
): Promise<SegmentInfo> {
  const lines = Buffer.concat(await collected(jsonLines().encode(streamOf(batches.slice(0, whole)))))
  // Without the last line, which tells how many batches there are.
  const bytes = lines.subarray(0, lines.lastIndexOf('\n', lines.length - 2) + 1)
  return putSegment(storage, batches, { aborted, bytes, extension: '.jsonl' })
}
