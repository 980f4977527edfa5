import type { GetObjectCommandOutput } from '@aws-sdk/client-s3'
import { StorageError } from '../errors.js'
import { backoffMs, delay } from '../internal/abort.js'
import { abortableItems } from '../internal/abortable-items.js'
import type { ByteRange } from './call-options.js'
import type { S3CallContext, S3Calls } from './s3-calls.js'
import { S3CallError } from './s3-errors.js'

const MAX_STALLS = 5
const DELAY = { firstMs: 50, maxMs: 5_000 }

/** Which object is read. */
interface S3ReadTarget extends S3CallContext {
  readonly calls: S3Calls
  /** The object's name in the bucket. */
  readonly name: string
}

interface OpenRange {
  readonly chunks: AsyncIterable<Uint8Array>
  readonly endByte: number
  readonly etag: string | undefined
}

/**
 * Reads a range that is not empty. The SDK repeats requests but cannot repair an answer that breaks off: this asks for
 * the rest then, of the very same object, and gives up when that has broken off five times without a byte.
 */
export async function* readRange(target: S3ReadTarget, range: ByteRange): AsyncGenerator<Uint8Array, void, undefined> {
  let position = range.startByte
  let etag: string | undefined
  for (let stalls = 0; ; ) {
    const start = position
    const opened = await openRange(target, { startByte: start, endByte: range.endByte }, etag)
    if (opened === undefined) return
    etag = opened.etag
    let fault: unknown
    try {
      for await (const chunk of abortableItems(opened.chunks, target.signal)) {
        position += chunk.length
        yield chunk
      }
    } catch (error) {
      fault = error
    }
    target.signal?.throwIfAborted()
    if (position === opened.endByte) return
    stalls = position > start ? 0 : stalls + 1
    if (stalls >= MAX_STALLS) throw brokenOff(target, position, fault)
    await delay(backoffMs(stalls, DELAY), target.signal)
  }
}

/** `undefined` when the range begins at the end of the object or behind it. */
async function openRange(
  target: S3ReadTarget,
  range: ByteRange,
  etag: string | undefined,
): Promise<OpenRange | undefined> {
  const { startByte, endByte } = range
  const last = Number.isFinite(endByte) ? endByte - 1 : ''
  try {
    const answer = await target.calls.getObject(
      { Key: target.name, Range: `bytes=${startByte}-${last}`, IfMatch: etag },
      target,
    )
    return { chunks: bodyOf(answer, target), endByte: endOf(answer, target, range), etag: answer.ETag }
  } catch (error) {
    if (error instanceof S3CallError && error.status === 416 && etag === undefined) return undefined
    throw error
  }
}

function bodyOf({ Body }: GetObjectCommandOutput, { key }: S3ReadTarget): AsyncIterable<Uint8Array> {
  if (Body !== undefined && Symbol.asyncIterator in Body) return Body
  throw new StorageError(`cannot read ${key}: the S3 client gives no stream`, { key, hint: 'use its handler for Node' })
}

/**
 * Where the range ends, which may be behind the end of the answer. What is not the beginning of what was asked for must
 * never pass for it.
 */
function endOf(answer: GetObjectCommandOutput, { key }: S3ReadTarget, { startByte, endByte }: ByteRange): number {
  const { ContentLength = Number.NaN, ContentRange = `bytes 0-${ContentLength - 1}/${ContentLength}` } = answer
  const [, first, last, size] = /^bytes (\d+)-(-?\d+)\/(\d+)$/.exec(ContentRange) ?? []
  if (Number(first) === startByte && Number(last) < endByte) return Math.min(endByte, Number(size))
  throw new StorageError(`cannot read ${key}: asked for the bytes from ${startByte}, the store gives ${ContentRange}`, {
    key,
    hint: 'the store, or a proxy before it, ignores the Range header',
  })
}

function brokenOff({ key }: S3ReadTarget, position: number, cause: unknown): StorageError {
  return new StorageError(`cannot read ${key}: the answer breaks off at byte ${position}`, {
    key,
    cause,
    retryable: true,
  })
}
