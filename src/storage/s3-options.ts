import { constants } from 'node:buffer'
import { booleanOption, integerOption, nameOption, portOption, rejectUnknownOptions } from '../internal/options.js'
import { folderPrefix } from './object-key.js'
import type { S3ClientLike } from './s3-calls.js'

const MIB = 1_048_576
const DEFAULTS = { conditionalWrites: true, partBytes: 256 * MIB }
const MIN_PART_BYTES = 5 * MIB
/** S3 takes 5 GiB in one request; Node 20 can hold 4 GiB in one piece. */
const MAX_PART_BYTES = Math.min(5_120 * MIB, constants.MAX_LENGTH)
/** What is left of S3's 1,024 bytes beside a key of 900, the slash included. */
const MAX_PREFIX_BYTES = 124
/** What the storage itself puts into its requests. */
const OWN_FIELDS = /^(?:Body|Bucket|Checksum.*|Content(?:Length|MD5)|If.*|Key)$/

/** Options of {@link S3Storage}. */
export interface S3StorageOptions {
  /**
   * An `S3Client` of `@aws-sdk/client-s3` 3.700 or later. It stays the caller's, who closes it. Region, endpoint,
   * credentials, timeouts and the number of attempts are settings of the client.
   */
  readonly client: S3ClientLike
  /** Name of a bucket that exists. */
  readonly bucket: string
  /** Path in the bucket below which everything goes, at most 123 bytes. @defaultValue none: the whole bucket */
  readonly prefix?: string | undefined
  /**
   * Whether the store knows `If-None-Match: *`, as S3, MinIO, R2 and most others do. With `false` a `put` asks first
   * whether the key exists: when two processes put one key at the same instant, the later one's bytes stay and both may
   * be told `created: true`.
   *
   * @defaultValue `true`
   */
  readonly conditionalWrites?: boolean | undefined
  /**
   * Bodies that are longer are uploaded in parts of this size, in bytes, of which one is in memory: 5 MiB to 5 GiB
   * (4 GiB on Node 20). S3 takes at most 10,000 parts. Parts of a killed process stay in the bucket, unseen and
   * paid for: give it a lifecycle rule with `AbortIncompleteMultipartUpload`.
   *
   * @defaultValue `268_435_456` (256 MiB)
   */
  readonly partBytes?: number | undefined
  /**
   * More fields for every `PutObject` and `CreateMultipartUpload`, as the SDK names them: `StorageClass`,
   * `ServerSideEncryption`, `SSEKMSKeyId`, `Tagging`, `ObjectLockMode` and the like. Keys of one's own (SSE-C) do not
   * work, because reading needs them too.
   *
   * @defaultValue none
   */
  readonly putDefaults?: Readonly<Record<string, unknown>> | undefined
}

/** Options whose defaults are filled in. */
interface CheckedS3Options {
  readonly client: S3ClientLike
  readonly bucket: string
  /** Empty, or ends in `/`. */
  readonly prefix: string
  readonly conditionalWrites: boolean
  readonly partBytes: number
  readonly putDefaults: Readonly<Record<string, unknown>>
}

/** Checks the options and fills in the defaults. */
export function checkedS3Options(options: S3StorageOptions): CheckedS3Options {
  rejectUnknownOptions('S3Storage', options, [
    'client',
    'bucket',
    'prefix',
    'conditionalWrites',
    'partBytes',
    'putDefaults',
  ])
  const range = { min: MIN_PART_BYTES, max: MAX_PART_BYTES }
  return {
    client: portOption('client', options.client, ['send']),
    bucket: nameOption('bucket', options.bucket),
    prefix: options.prefix === undefined ? '' : checkedPrefix(options.prefix),
    conditionalWrites: booleanOption('conditionalWrites', options.conditionalWrites, DEFAULTS.conditionalWrites),
    partBytes: integerOption('partBytes', options.partBytes, DEFAULTS.partBytes, range),
    putDefaults: options.putDefaults === undefined ? {} : checkedPutDefaults(options.putDefaults),
  }
}

function checkedPrefix(prefix: string): string {
  const folder = folderPrefix('prefix', prefix)
  if (Buffer.byteLength(folder) <= MAX_PREFIX_BYTES) return folder
  throw new TypeError(
    `\`prefix\` must have at most ${MAX_PREFIX_BYTES - 1} bytes in UTF-8, got ${JSON.stringify(prefix)}`,
  )
}

function checkedPutDefaults(defaults: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  if (typeof defaults !== 'object' || defaults === null) {
    throw new TypeError(`\`putDefaults\` must be an object, got ${String(defaults)}`)
  }
  const own = Object.keys(defaults).find((name) => OWN_FIELDS.test(name))
  if (own !== undefined) throw new TypeError(`\`putDefaults\` must not have the field ${own}`)
  return { ...defaults }
}
