import { byTopic } from '../batch/topic-partition.js'
import type { FetchRequest } from '../kafka/transport.js'
import type { FetchTurn } from './broker-queue.js'

/** How long a broker may wait for data where none is known to be there. */
const MAX_WAIT_MS = 500
/** Larger answers cost more memory, and save nothing. */
const MAX_FETCH_BYTES = 4_194_304
const MIN_FETCH_BYTES = 65_536
/** Part of the memory that one answer may have. */
const FETCH_SHARE = 32
/**
 * An answer that a client cannot read straight to where it is wanted is put together from its parts; then both wait for
 * the garbage collector, as do those before.
 */
const COPIES = 5

/** How large answers may be, and what is reserved for one. */
export function fetchSize(memoryBytes: number): { readonly maxBytes: number; readonly reservedBytes: number } {
  const maxBytes = Math.min(MAX_FETCH_BYTES, Math.floor(memoryBytes / FETCH_SHARE))
  return { maxBytes, reservedBytes: COPIES * maxBytes }
}

/** The request for a turn, and how much its answer may take. */
export function fetchRequest(
  nodeId: number,
  { cursors, lagging, share }: FetchTurn,
  { segmentBytes, memoryBytes }: { readonly segmentBytes: number; readonly memoryBytes: number },
): { readonly request: FetchRequest; readonly reservedBytes: number } {
  const { maxBytes, reservedBytes } = fetchSize(memoryBytes)
  // One batch of an answer may be larger than asked for, else it could never be read.
  const largestBatchBytes = cursors.reduce((largest, cursor) => Math.max(largest, cursor.largestBatchBytes), 0)
  const request: FetchRequest = {
    nodeId,
    maxWaitMs: lagging ? 0 : Math.ceil(MAX_WAIT_MS * share),
    maxBytes,
    isolation: 'committed',
    topics: byTopic(cursors.map((cursor) => ({ ...cursor.identity, cursor }))).map(([topic, items]) => ({
      topic,
      topicId: items[0]?.cursor.kafkaTopicId,
      partitions: items.map(({ partition, cursor }) => ({
        partition,
        leaderEpoch: -1,
        offset: cursor.position,
        lastFetchedEpoch: cursor.lastEpoch,
        maxBytes: Math.max(MIN_FETCH_BYTES, Math.min(maxBytes, segmentBytes - cursor.heldBytes)),
      })),
    })),
  }
  return { request, reservedBytes: Math.max(reservedBytes, COPIES * largestBatchBytes) }
}
