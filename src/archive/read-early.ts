import { type RecordBatchView, viewOf } from '../batch/record-batch.js'
import { topicCodecFor } from '../codec/built-in.js'
import type { StorageCallOptions } from '../storage/storage.js'
import type { SegmentInfo } from './partition-log.js'
import { placeOf, type SegmentSource, streamSegment } from './read-segment.js'
import { isSound } from './sound-batch.js'

/** Whether the batches of a segment can be told to be sound before its object is read to the end. */
export function canReadEarly({ codecs }: SegmentSource, { extension }: SegmentInfo): boolean {
  return topicCodecFor(extension, codecs).verbatim === true
}

/**
 * The batches of a segment as its object comes, without holding all of it, as long as each one is sound. From the first
 * doubt on the rest is read before anything of it is given: then the checksum in the name decides. The last sound batch
 * waits for that checksum, too, so that an object with sound batches of another log is never read without a word.
 *
 * A batch stays as it is until the next one is asked for; then its memory may be used again.
 *
 * @throws {@link ArchiveCorruptError} when the object is missing or damaged, possibly after sound batches.
 */
export async function* readEarly(
  source: SegmentSource,
  segment: SegmentInfo,
  options: StorageCallOptions,
): AsyncGenerator<RecordBatchView, void, void> {
  const doubtful: RecordBatchView[] = []
  // Memory is used again long before these are given.
  const keep = ({ bytes }: RecordBatchView) => {
    doubtful.push(viewOf({ bytes: Buffer.from(bytes) }, placeOf(segment)))
  }
  let last: RecordBatchView | undefined
  let reached = segment.from
  for await (const batches of streamSegment(source, segment, options)) {
    for (const batch of batches) {
      if (doubtful.length > 0 || !isSound(batch, { baseOffset: reached, leaderEpoch: segment.firstEpoch })) {
        if (last !== undefined) keep(last)
        last = undefined
        keep(batch)
        continue
      }
      if (last !== undefined) yield last
      last = batch
      reached = batch.nextOffset
    }
  }
  if (last !== undefined) yield last
  yield* doubtful
}
