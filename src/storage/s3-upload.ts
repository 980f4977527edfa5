import type { CompletedPart } from '@aws-sdk/client-s3'
import { crc32c } from '@node-rs/crc32'
import { type BodyMeter, bodyChunks, verifyCrc32c } from './object-body.js'
import type { S3CallContext, S3Calls } from './s3-calls.js'
import { encodeChecksum } from './s3-checksum.js'
import type { ObjectBody } from './storage.js'

const ABORT_LIMIT_MS = 10_000

/** How objects are uploaded. */
export interface S3UploadOptions {
  readonly partBytes: number
  /** Whether the store is asked to refuse the object when the name is taken. */
  readonly conditional: boolean
  /** Fields of the host's own for PutObject and CreateMultipartUpload. */
  readonly defaults: Readonly<Record<string, unknown>>
}

/** Where an object is uploaded to, and how. */
export interface S3UploadTarget extends S3UploadOptions, S3CallContext {
  readonly calls: S3Calls
  /** The object's name in the bucket. */
  readonly name: string
}

/**
 * Uploads `body` through `meter`: with one PutObject when it has at most `partBytes`, else in parts. Checksums are
 * always handed over, because the SDK's own CRC32C is slow; the store checks them against the bytes it has received.
 * What fails leaves no object, and no parts as long as the store still answers.
 */
export async function uploadObject(
  target: S3UploadTarget,
  {
    body,
    crc32c: expected,
    meter,
  }: { readonly body: ObjectBody; readonly crc32c: number | undefined; readonly meter: BodyMeter },
): Promise<void> {
  let upload: MultipartUpload | undefined
  try {
    for await (const part of bodyParts(bodyChunks(body, { meter, signal: target.signal }), target.partBytes)) {
      if (part.last) verifyCrc32c(target.key, meter, expected)
      if (part.last && upload === undefined) return await putWhole(target, part.bytes, meter)
      upload ??= await MultipartUpload.start(target)
      await upload.add(part.bytes)
    }
    await upload?.complete(meter)
  } catch (error) {
    await upload?.abort()
    throw error
  }
}

/** Cuts a body into parts of exactly `partBytes`; the last one, which may be empty, is known as such. */
export async function* bodyParts(
  chunks: AsyncIterable<Uint8Array>,
  partBytes: number,
): AsyncGenerator<{ readonly bytes: Uint8Array; readonly last: boolean }, void, undefined> {
  let pending: Uint8Array[] = []
  let pendingBytes = 0
  for await (const chunk of chunks) {
    let rest = chunk
    // A full part waits for one more byte: without that it is the last.
    while (pendingBytes + rest.length > partBytes) {
      const room = partBytes - pendingBytes
      const bytes = joined([...pending, rest.subarray(0, room)])
      rest = rest.subarray(room)
      pending = []
      pendingBytes = 0
      yield { bytes, last: false }
    }
    pending.push(rest)
    pendingBytes += rest.length
  }
  yield { bytes: joined(pending), last: true }
}

/** One buffer, because the SDK can only send that again after a broken connection. Copies nothing where there is one. */
function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const [first, ...others] = chunks
  return first !== undefined && others.length === 0 ? first : Buffer.concat(chunks)
}

async function putWhole(target: S3UploadTarget, bytes: Uint8Array, meter: BodyMeter): Promise<void> {
  await target.calls.putObject(
    {
      ...target.defaults,
      ...condition(target),
      Key: target.name,
      Body: bytes,
      ContentLength: bytes.length,
      ChecksumCRC32C: encodeChecksum(meter.crc32c),
    },
    target,
  )
}

/** An upload in parts, one after the other, so that only one is in memory. */
class MultipartUpload {
  readonly #target: S3UploadTarget
  readonly #id: { readonly Key: string; readonly UploadId: string | undefined }
  readonly #parts: CompletedPart[] = []

  private constructor(target: S3UploadTarget, uploadId: string | undefined) {
    this.#target = target
    this.#id = { Key: target.name, UploadId: uploadId }
  }

  static async start(target: S3UploadTarget): Promise<MultipartUpload> {
    const { UploadId } = await target.calls.createMultipartUpload(
      { ...target.defaults, Key: target.name, ChecksumAlgorithm: 'CRC32C', ChecksumType: 'FULL_OBJECT' },
      target,
    )
    return new MultipartUpload(target, UploadId)
  }

  async add(bytes: Uint8Array): Promise<void> {
    const part = { PartNumber: this.#parts.length + 1, ChecksumCRC32C: encodeChecksum(crc32c(bytes)) }
    const input = { ...this.#id, ...part, Body: bytes, ContentLength: bytes.length }
    const { ETag } = await this.#target.calls.uploadPart(input, this.#target)
    this.#parts.push({ ...part, ETag })
  }

  /** Until here the object cannot be seen. */
  async complete(meter: BodyMeter): Promise<void> {
    await this.#target.calls.completeMultipartUpload(
      {
        ...this.#id,
        ...condition(this.#target),
        MultipartUpload: { Parts: this.#parts },
        ChecksumType: 'FULL_OBJECT',
        ChecksumCRC32C: encodeChecksum(meter.crc32c),
      },
      this.#target,
    )
  }

  /** Has the parts removed. Never fails, because what made the upload fail counts; a bucket rule takes what stays. */
  async abort(): Promise<void> {
    const context = { key: this.#target.key, signal: AbortSignal.timeout(ABORT_LIMIT_MS) }
    await this.#target.calls.abortMultipartUpload(this.#id, context).catch(() => {})
  }
}

function condition({ conditional }: S3UploadTarget): { readonly IfNoneMatch?: '*' } {
  return conditional ? { IfNoneMatch: '*' } : {}
}
