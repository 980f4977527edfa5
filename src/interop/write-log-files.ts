import type { OffsetRange } from '../archive/names.js'
import type { RecordBatchView } from '../batch/record-batch.js'
import type { LogFolder } from './log-folder.js'

/** Indexes hold offsets as 32 bits beyond the one in their file's name. */
const MAX_OFFSET_DELTA = 2n ** 31n - 1n
/** Batches are small, and each write costs a system call. */
const WRITE_BYTES = 1_048_576

/** Writes the batches of a log that answers for the offsets `[from, next)`. Returns the offsets that it came to. */
export async function writeLogFiles(
  folder: LogFolder,
  batches: AsyncGenerator<RecordBatchView, void, void>,
  { from, next, segmentBytes }: OffsetRange & { readonly segmentBytes: number },
): Promise<OffsetRange> {
  try {
    return await writeAll(folder, new BatchQueue(batches), { from, next, segmentBytes })
  } finally {
    await batches.return()
  }
}

async function writeAll(
  folder: LogFolder,
  queue: BatchQueue,
  { from, next, segmentBytes }: OffsetRange & { readonly segmentBytes: number },
): Promise<OffsetRange> {
  let first: bigint | undefined
  let end = 0n
  for (let batch = await queue.peek(); batch !== undefined; batch = await queue.peek()) {
    // A log begins where its first file's name says, whether there is a record or not.
    const base = first === undefined && isInReach(batch, from) ? from : batch.baseOffset
    first ??= base
    await folder.write(base, queue.takeFile(base, segmentBytes))
    end = queue.end
  }
  if (end >= next) return { from: first ?? from, next: end }
  // No record is at the last offset: a file without any says where the log ends.
  await folder.write(next, nothing())
  return { from: first ?? next, next }
}

/** Batches that are divided into files. */
class BatchQueue {
  readonly #batches: AsyncGenerator<RecordBatchView, void, void>
  #head: Promise<IteratorResult<RecordBatchView, void>> | undefined
  /** Offset after the last batch that was taken. */
  end = 0n

  constructor(batches: AsyncGenerator<RecordBatchView, void, void>) {
    this.#batches = batches
  }

  /** The batch that is taken next, if there is one. */
  async peek(): Promise<RecordBatchView | undefined> {
    this.#head ??= this.#batches.next()
    return (await this.#head).value ?? undefined
  }

  /** The bytes of a file that begins at `base`. It has a batch at least. */
  async *takeFile(base: bigint, segmentBytes: number): AsyncGenerator<Uint8Array, void, void> {
    let bytes = 0
    let pending: Buffer[] = []
    let pendingBytes = 0
    for (let batch = await this.peek(); batch !== undefined; batch = await this.peek()) {
      const { length } = batch.bytes
      if (bytes > 0 && (bytes + length > segmentBytes || !isInReach(batch, base))) break
      this.#head = undefined
      this.end = batch.nextOffset
      bytes += length
      pending.push(batch.bytes)
      pendingBytes += length
      if (pendingBytes < WRITE_BYTES) continue
      yield Buffer.concat(pending)
      pending = []
      pendingBytes = 0
    }
    yield Buffer.concat(pending)
  }
}

function isInReach({ nextOffset }: RecordBatchView, base: bigint): boolean {
  return nextOffset - 1n - base <= MAX_OFFSET_DELTA
}

async function* nothing(): AsyncGenerator<Uint8Array, void, void> {}
