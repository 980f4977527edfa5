import pLimit from 'p-limit'
import type { ArchiveEvent } from './events.js'
import type { PartitionCursor } from './partition-cursor.js'
import { type SegmentTarget, storeSegment } from './store-segment.js'

/** What a {@link SegmentWriter} works with. */
export interface SegmentWriterContext {
  readonly target: SegmentTarget
  /** Told once a segment is durable. */
  readonly onStored: (cursor: PartitionCursor) => void
  readonly signal: AbortSignal | undefined
}

const STORES_AT_ONCE = 4

/** Stores what cursors hold: one segment of a partition after the other, several partitions side by side. */
export class SegmentWriter {
  readonly #context: SegmentWriterContext
  readonly #limit = pLimit(STORES_AT_ONCE)
  #storing = 0

  constructor(context: SegmentWriterContext) {
    this.#context = context
  }

  /** Segments that are being stored, and therefore will give memory back. */
  get storing(): number {
    return this.#storing
  }

  /** Closes what the cursor holds and stores it; no other segment of the cursor may be on its way. */
  store(cursor: PartitionCursor): Promise<readonly ArchiveEvent[]> {
    const stored = this.#store(cursor)
    cursor.storing = stored
    return stored
  }

  async #store(cursor: PartitionCursor): Promise<readonly ArchiveEvent[]> {
    const { target, onStored, signal } = this.#context
    const place = { ...cursor.identity, generation: cursor.archived.generation }
    const content = cursor.closeSegment()
    this.#storing++
    let stored = false
    const losses = new Map<string, number>()
    const onLoss = (loss: string) => losses.set(loss, (losses.get(loss) ?? 0) + 1)
    try {
      const segment = await this.#limit(() => storeSegment(target, place, content, { signal, onLoss }))
      stored = true
      cursor.stored(segment)
      onStored(cursor)
      const { topic, topicId, partition, generation, from, next, records, sizeBytes: bytes, key } = segment
      const lost = losses.size > 0 && { losses: Object.fromEntries(losses) }
      return [{ type: 'segment', topic, topicId, partition, generation, from, next, records, bytes, key, ...lost }]
    } finally {
      content.release({ stored })
      this.#storing--
    }
  }
}
