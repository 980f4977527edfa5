import { crc32c } from '@node-rs/crc32'
import { abortedBytes } from '../archive/aborted.js'
import { abortedKey, type PartitionIdentity, type SegmentName, segmentKey, segmentSubject } from '../archive/names.js'
import type { SegmentInfo } from '../archive/partition-log.js'
import { CommittedFilter } from '../batch/committed.js'
import { type RecordBatch, type RecordBatchView, viewOf } from '../batch/record-batch.js'
import { cutBatch } from '../batch/reframe.js'
import type { Codec, CodecCallOptions } from '../codec/codec.js'
import { itemsOf } from '../internal/items-of.js'
import type { ArchiveStorage, StorageCallOptions } from '../storage/storage.js'
import type { SegmentContent } from './open-segment.js'

/** Where and how segments are stored. */
export interface SegmentTarget {
  readonly storage: ArchiveStorage
  readonly codec: Codec<RecordBatch>
}

/** What {@link storeSegment} accepts. */
export interface StoreOptions extends StorageCallOptions, Pick<CodecCallOptions, 'onLoss'> {}

/** Stores a segment, its sidecar first: once the segment is there, it is whole. */
export async function storeSegment(
  { storage, codec }: SegmentTarget,
  identity: PartitionIdentity & { readonly generation: number },
  content: SegmentContent,
  { signal, onLoss }: StoreOptions,
): Promise<SegmentInfo> {
  const object =
    codec.verbatim === true ? verbatim(content) : await encoded(codec, identity, content, { signal, onLoss })
  const name: SegmentName = {
    ...identity,
    from: content.from,
    next: content.next,
    firstEpoch: content.firstEpoch,
    lastEpoch: content.lastEpoch,
    maxTimestampMs: content.maxTimestampMs,
    records: object.records,
    abortedTransactions: codec.lossless ? content.aborted.length : 0,
    crc32c: object.crc32c,
    extension: codec.extension,
  }
  const key = segmentKey(name)
  if (name.abortedTransactions > 0) {
    const sidecar = abortedKey(key)
    await storage.put(sidecar, abortedBytes(sidecar, content.aborted), { signal })
  }
  await storage.put(key, object.chunks, { crc32c: object.crc32c, signal })
  return { ...name, key, sizeBytes: object.sizeBytes }
}

/** The bytes of a segment's object, and what its name tells of them. */
interface SegmentObject {
  readonly chunks: readonly Uint8Array[]
  readonly sizeBytes: number
  readonly crc32c: number
  readonly records: number
}

/** The object is the batches as they came. */
function verbatim({ runs: chunks, bytes: sizeBytes, crc32c: sum, records }: SegmentContent): SegmentObject {
  return { chunks, sizeBytes, crc32c: sum, records }
}

async function encoded(
  codec: Codec<RecordBatch>,
  identity: PartitionIdentity & { readonly generation: number },
  content: SegmentContent,
  { signal, onLoss }: StoreOptions,
): Promise<SegmentObject> {
  const items = codec.lossless ? wholeLog(content) : committedOnly(content)
  const subject = segmentSubject({ ...identity, from: content.from, next: content.next })
  const chunks: Uint8Array[] = []
  let sum = 0
  let sizeBytes = 0
  for await (const chunk of codec.encode(items.batches, { signal, subject, onLoss })) {
    chunks.push(chunk)
    sum = crc32c(chunk, sum)
    sizeBytes += chunk.length
  }
  return { chunks, sizeBytes, crc32c: sum, records: items.records() }
}

interface EncodedItems {
  readonly batches: AsyncIterable<RecordBatchView>
  /** Records in the batches, once they have been read. */
  records(): number
}

function wholeLog(content: SegmentContent): EncodedItems {
  return { batches: itemsOf(content.batches()), records: () => content.records }
}

/** A codec that does not keep whole batches cannot keep what decides about transactions either: only what is committed. */
function committedOnly(content: SegmentContent): EncodedItems {
  const filter = new CommittedFilter()
  filter.add(content.aborted)
  let records = 0
  function* committed() {
    for (const batch of content.batches()) {
      if (!filter.accepts(batch)) continue
      const wanted = batch.baseOffset >= content.from ? batch : viewOf({ bytes: cutBatch(batch.bytes, content) }, batch)
      records += wanted.recordCount
      yield wanted
    }
  }
  return { batches: itemsOf(committed()), records: () => records }
}
