import type { RecordBatchView } from '../batch/record-batch.js'
import { ArchiveCorruptError, ObjectNotFoundError } from '../errors.js'
import type { AbortedTransaction } from '../kafka/transport.js'
import type { ArchiveStorage, StorageCallOptions } from '../storage/storage.js'
import { FORMAT_VERSION } from './archive-marker.js'
import { JsonFields, jsonBytes, readJson } from './json-object.js'
import { abortedKey } from './names.js'

/** The bytes of a segment's sidecar; `key` is the sidecar's own. */
export function abortedBytes(key: string, transactions: readonly AbortedTransaction[]): Buffer {
  const aborted = transactions.map(({ producerId, firstOffset }) => ({ producerId, firstOffset }))
  return jsonBytes(key, { format: FORMAT_VERSION, aborted })
}

/**
 * The aborted transactions that overlap a segment.
 *
 * @throws {@link ArchiveCorruptError} when the segment's name says that there are some and the sidecar does not.
 */
export async function readAborted(
  storage: ArchiveStorage,
  segment: { readonly key: string; readonly abortedTransactions: number; readonly from: bigint; readonly next: bigint },
  { signal }: StorageCallOptions,
): Promise<readonly AbortedTransaction[]> {
  if (segment.abortedTransactions === 0) return []
  const { from, next } = segment
  const key = abortedKey(segment.key)
  const fields = new JsonFields(await readSidecar(storage, segment, key, { signal }), key)
  const aborted = fields.list('aborted', (item) => ({
    producerId: item.bigint('producerId'),
    firstOffset: item.bigint('firstOffset'),
  }))
  if (aborted.length !== segment.abortedTransactions) {
    throw new ArchiveCorruptError(
      `${key} names ${aborted.length} aborted transactions, its segment says ${segment.abortedTransactions}`,
      { key, from, next },
    )
  }
  const behind = aborted.find(({ firstOffset }) => firstOffset >= next)
  if (behind === undefined) return aborted
  throw new ArchiveCorruptError(
    `${key} names an aborted transaction that begins at offset ${behind.firstOffset}, behind its segment`,
    { key, from, next },
  )
}

async function readSidecar(
  storage: ArchiveStorage,
  segment: { readonly key: string; readonly from: bigint; readonly next: bigint },
  key: string,
  { signal }: StorageCallOptions,
): Promise<unknown> {
  try {
    return await readJson(storage, key, { signal })
  } catch (cause) {
    if (!(cause instanceof ObjectNotFoundError)) throw cause
    const { from, next } = segment
    throw new ArchiveCorruptError(`the sidecar of ${segment.key} is missing: it names the aborted transactions`, {
      ...{ key, from, next, cause },
    })
  }
}

/** Follows the aborted transactions of a partition, so that each segment's sidecar names exactly those it overlaps. */
export class AbortedTracker {
  readonly #open = new Map<string, AbortedTransaction>()
  readonly #ended = new Map<string, AbortedTransaction>()

  /** Adds what the broker named for the batches that are taken next. */
  add(transactions: readonly AbortedTransaction[]): void {
    for (const transaction of transactions) {
      const name = nameOf(transaction)
      if (!this.#ended.has(name)) this.#open.set(name, transaction)
    }
  }

  /** Notices the marker that ends an aborted transaction. */
  take(batch: RecordBatchView): void {
    if (this.#open.size === 0 || !batch.control || batch.marker !== 'abort') return
    for (const [name, transaction] of this.#open) {
      if (transaction.producerId !== batch.producerId || transaction.firstOffset > batch.baseOffset) continue
      this.#open.delete(name)
      this.#ended.set(name, transaction)
    }
  }

  /** Those that overlap the segment that ends before `next`; the segment after it begins there. */
  seal(next: bigint): AbortedTransaction[] {
    const overlapping = [...this.#ended.values(), ...this.#open.values()].filter(
      ({ firstOffset }) => firstOffset < next,
    )
    this.#ended.clear()
    return overlapping
  }
}

function nameOf({ producerId, firstOffset }: AbortedTransaction): string {
  return `${producerId}@${firstOffset}`
}
