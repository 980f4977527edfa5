import type { ListObjectsV2CommandInput, ListObjectsV2CommandOutput } from '@aws-sdk/client-s3'
import { StorageError } from '../errors.js'
import { compareUtf8 } from '../internal/utf8.js'
import type { S3CallContext, S3Calls } from './s3-calls.js'

/** The pages of a listing, to the last one: a listing that just stops must never pass for a whole one. */
export async function* listPages(
  calls: S3Calls,
  input: Omit<ListObjectsV2CommandInput, 'Bucket' | 'ContinuationToken'>,
  context: S3CallContext,
): AsyncGenerator<ListObjectsV2CommandOutput, void, undefined> {
  let token: string | undefined
  for (;;) {
    const page = await calls.listObjects({ ...input, ContinuationToken: token }, context)
    yield page
    context.signal?.throwIfAborted()
    if (page.IsTruncated !== true) return
    const next = page.NextContinuationToken
    if (next === undefined || next === '' || next === token) {
      throw brokenListing(context.key, 'a page says that more follows, but not where')
    }
    token = next
  }
}

/**
 * Checks what readers of an archive rely on: that a store lists what was asked for, and in ascending byte order.
 * Stores that differ would otherwise make an archive look smaller than it is.
 */
export class ListingCheck {
  readonly #key: string
  readonly #prefix: string
  #last: string

  /** `prefix` and `startAfter` are as the store knows them, `key` is the prefix as the caller does. */
  constructor(
    key: string,
    { prefix, startAfter = '' }: { readonly prefix: string; readonly startAfter?: string | undefined },
  ) {
    this.#key = key
    this.#prefix = prefix
    this.#last = startAfter
  }

  /** Returns `name`, or throws when it is not what may come next. */
  next(name: string | undefined = ''): string {
    if (!name.startsWith(this.#prefix) || compareUtf8(name, this.#last) <= 0) {
      throw brokenListing(this.#key, `${JSON.stringify(name)} comes after ${JSON.stringify(this.#last)}`)
    }
    this.#last = name
    return name
  }
}

function brokenListing(key: string, why: string): StorageError {
  return new StorageError(`cannot list ${key === '' ? 'the bucket' : key}: ${why}`, {
    key,
    hint: 'the store does not list as S3 does, in the order of UTF-8 and in pages (directory buckets do not either)',
  })
}
