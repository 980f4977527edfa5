import { ObjectNotFoundError, StorageError } from '../errors.js'
import { backoffMs, delay } from '../internal/abort.js'
import { type ByteRange, checkedGet, checkKeyCall, checkList, checkListPrefixes, checkPut } from './call-options.js'
import { BodyMeter } from './object-body.js'
import { isObjectKey } from './object-key.js'
import { S3Calls } from './s3-calls.js'
import { decodeChecksum } from './s3-checksum.js'
import { S3CallError } from './s3-errors.js'
import { ListingCheck, listPages } from './s3-list.js'
import { checkedS3Options, type S3StorageOptions } from './s3-options.js'
import { readRange } from './s3-read.js'
import { type S3UploadOptions, type S3UploadTarget, uploadObject } from './s3-upload.js'
import type {
  ArchiveStorage,
  GetOptions,
  ListOptions,
  ObjectBody,
  ObjectInfo,
  PutOptions,
  PutResult,
  StorageCallOptions,
  StorageCapabilities,
} from './storage.js'

export type { S3ClientLike } from './s3-calls.js'
export type { S3StorageOptions } from './s3-options.js'

const CONFLICT_ATTEMPTS = 6
const CONFLICT_DELAY = { firstMs: 100, maxMs: 5_000 }

/**
 * Keeps objects in a bucket of S3, or of a store that speaks its protocol.
 *
 * Every object is sent with its CRC32C, which the store checks and keeps, so that `head` can verify it later. The
 * client repeats requests that are throttled, fail with 5xx or lose their connection (three attempts unless it is told
 * otherwise), and this adds only what it cannot do: reading on where an answer broke off, and another `put` after a
 * `409 ConditionalRequestConflict`. For outages that last longer wrap it in `RetryingStorage`.
 *
 * When the client has had to repeat a `put`, its first request may have got through unheard. An object of the same size
 * and CRC32C counts as its own then: `created: true`. Somebody else who put the same bytes is told so, too.
 */
export class S3Storage implements ArchiveStorage {
  /** {@inheritDoc} */
  readonly capabilities: StorageCapabilities = { releasesBodies: true }
  readonly #calls: S3Calls
  readonly #prefix: string
  readonly #upload: S3UploadOptions
  #bucketFound = false

  /**
   * Sends nothing yet.
   *
   * @throws TypeError when an option is unknown or of the wrong kind.
   * @throws RangeError when `partBytes` is out of its range.
   */
  constructor(options: S3StorageOptions) {
    const checked = checkedS3Options(options)
    this.#calls = new S3Calls(checked.client, checked.bucket)
    this.#prefix = checked.prefix
    this.#upload = {
      partBytes: checked.partBytes,
      conditional: checked.conditionalWrites,
      defaults: checked.putDefaults,
    }
  }

  /** {@inheritDoc} */
  async put(key: string, body: ObjectBody, options: PutOptions = {}): Promise<PutResult> {
    checkPut(key, body, options)
    const { signal } = options
    const existing = this.#upload.conditional ? undefined : await this.head(key, { signal })
    if (existing !== undefined) return { created: false, info: existing }
    for (let conflicts = 0; ; conflicts += 1) {
      const meter = new BodyMeter()
      try {
        await uploadObject(this.#uploadTarget(key, signal), { body, crc32c: options.crc32c, meter })
        return { created: true, info: await this.#created(key, { meter, signal }) }
      } catch (error) {
        if (!(error instanceof S3CallError)) throw error
        if (mayBeThere(error)) {
          const info = await this.#existing(key, signal)
          return { created: error.attempts > 1 && hasBytesOf(info, meter), info }
        }
        if (error.reason !== 'ConditionalRequestConflict' || conflicts >= CONFLICT_ATTEMPTS) throw error
        await delay(backoffMs(conflicts, CONFLICT_DELAY), signal)
      }
    }
  }

  /** {@inheritDoc} */
  get(key: string, options: GetOptions = {}): AsyncIterable<Uint8Array> {
    return this.#read(key, checkedGet(key, options), options.signal)
  }

  /** {@inheritDoc} */
  async head(key: string, options: StorageCallOptions = {}): Promise<ObjectInfo | undefined> {
    checkKeyCall(key, options)
    const { signal } = options
    try {
      const answer = await this.#calls.headObject(this.#prefix + key, { key, signal })
      const crc32c = decodeChecksum(answer.ChecksumCRC32C, answer.ChecksumType)
      return objectInfo(key, { sizeBytes: answer.ContentLength, modified: answer.LastModified, crc32c })
    } catch (error) {
      if (await this.#saysMissing(error, signal)) return undefined
      throw error
    }
  }

  /** {@inheritDoc} */
  list(prefix: string, options: ListOptions = {}): AsyncIterable<ObjectInfo> {
    checkList(prefix, options)
    return this.#list(prefix, options)
  }

  /** {@inheritDoc} */
  listPrefixes(prefix: string, options: StorageCallOptions = {}): AsyncIterable<string> {
    checkListPrefixes(prefix, options)
    return this.#listPrefixes(prefix, options.signal)
  }

  /** {@inheritDoc} */
  async delete(key: string, options: StorageCallOptions = {}): Promise<void> {
    checkKeyCall(key, options)
    const { signal } = options
    try {
      await this.#calls.deleteObject(this.#prefix + key, { key, signal })
    } catch (error) {
      if (!(await this.#saysMissing(error, signal))) throw error
    }
  }

  async *#read(key: string, range: ByteRange, signal: AbortSignal | undefined) {
    // HTTP has no empty ranges.
    if (range.startByte === range.endByte) {
      if ((await this.head(key, { signal })) === undefined) throw new ObjectNotFoundError(key)
      return
    }
    try {
      yield* readRange({ calls: this.#calls, name: this.#prefix + key, key, signal }, range)
    } catch (error) {
      if (await this.#saysMissing(error, signal)) throw new ObjectNotFoundError(key, { cause: error })
      throw error
    }
  }

  async *#list(key: string, { startAfter, signal }: ListOptions) {
    const prefix = this.#prefix + key
    const after = startAfter === undefined ? undefined : this.#prefix + startAfter
    const check = new ListingCheck(key, { prefix, startAfter: after })
    for await (const page of listPages(this.#calls, { Prefix: prefix, StartAfter: after }, { key, signal })) {
      for (const object of page.Contents ?? []) {
        const listedKey = check.next(object.Key).slice(this.#prefix.length)
        // Such as the empty objects that consoles make to show a folder.
        if (!isObjectKey(listedKey)) continue
        yield objectInfo(listedKey, { sizeBytes: object.Size, modified: object.LastModified })
        signal?.throwIfAborted()
      }
    }
  }

  async *#listPrefixes(key: string, signal: AbortSignal | undefined) {
    const prefix = this.#prefix + key
    const check = new ListingCheck(key, { prefix })
    for await (const page of listPages(this.#calls, { Prefix: prefix, Delimiter: '/' }, { key, signal })) {
      for (const { Prefix } of page.CommonPrefixes ?? []) {
        const listedPrefix = check.next(Prefix).slice(this.#prefix.length)
        if (!isObjectKey(listedPrefix.slice(0, -1))) continue
        yield listedPrefix
        signal?.throwIfAborted()
      }
    }
  }

  /** Looks at what the store has made of a put, which is worth a request when it is the only copy of something. */
  async #created(
    key: string,
    { meter, signal }: { readonly meter: BodyMeter; readonly signal: AbortSignal | undefined },
  ): Promise<ObjectInfo> {
    const info = await this.#existing(key, signal)
    if (hasBytesOf({ crc32c: meter.crc32c, ...info }, meter)) return info
    throw new StorageError(`the store has other bytes for ${key} than were put`, {
      key,
      hint: 'somebody else has put the key at the same time, or the store damages what it is given',
    })
  }

  async #existing(key: string, signal: AbortSignal | undefined): Promise<ObjectInfo> {
    const info = await this.head(key, { signal })
    if (info !== undefined) return info
    throw new StorageError(`${key} is not there although the store says so`, {
      key,
      retryable: true,
      hint: 'it was deleted at this moment, or the store does not show at once what it has acknowledged',
    })
  }

  /** HEAD says 404 for a missing bucket, too: only a bucket that exists can lack an object. */
  async #saysMissing(error: unknown, signal: AbortSignal | undefined): Promise<boolean> {
    if (!(error instanceof S3CallError) || error.status !== 404 || error.reason === 'NoSuchBucket') return false
    if (error.reason !== 'NoSuchKey' && !this.#bucketFound) await this.#calls.headBucket(signal)
    this.#bucketFound = true
    return true
  }

  #uploadTarget(key: string, signal: AbortSignal | undefined): S3UploadTarget {
    return { ...this.#upload, calls: this.#calls, name: this.#prefix + key, key, signal }
  }
}

/** Refused because the key exists, or an upload in parts is gone because an earlier attempt has completed it. */
function mayBeThere({ status, reason, attempts }: S3CallError): boolean {
  return status === 412 || (reason === 'NoSuchUpload' && attempts > 1)
}

function hasBytesOf(info: Pick<ObjectInfo, 'sizeBytes' | 'crc32c'>, meter: BodyMeter): boolean {
  return info.sizeBytes === meter.sizeBytes && info.crc32c === meter.crc32c
}

function objectInfo(
  key: string,
  facts: {
    readonly sizeBytes: number | undefined
    readonly modified: Date | undefined
    readonly crc32c?: number | undefined
  },
): ObjectInfo {
  const { sizeBytes, modified, crc32c } = facts
  if (sizeBytes === undefined || modified === undefined) {
    throw new StorageError(`the store does not tell the size and the time of ${key}`, { key })
  }
  return { key, sizeBytes, modifiedMs: modified.getTime(), ...(crc32c === undefined ? {} : { crc32c }) }
}
