import { StorageError } from '../errors.js'

/** What a call of S3 was about, for the sentence of its error. */
interface S3CallSubject {
  /** What was being done, as in "cannot …". */
  readonly action: string
  readonly bucket: string
  /** The key or prefix as the caller knows it; empty where it is about the bucket. */
  readonly key: string
}

/** A {@link StorageError} with what S3 itself says. */
export class S3CallError extends StorageError {
  /** S3's own code, or that of the network, such as `NoSuchKey` or `ECONNREFUSED`. */
  readonly reason: string
  /** HTTP status, where there was an answer. */
  readonly status: number | undefined
  /** How often the client has sent the request. */
  readonly attempts: number

  constructor(subject: S3CallSubject, error: unknown) {
    const facts = factsOf(error)
    super(sentence(subject, facts), {
      key: subject.key === '' ? undefined : subject.key,
      hint: hintFor(facts),
      retryable: isRetryable(facts),
      cause: withoutSecrets(error, facts),
    })
    this.reason = facts.reason
    this.status = facts.status
    this.attempts = facts.attempts
  }
}

interface S3Facts {
  readonly reason: string
  readonly status: number | undefined
  readonly attempts: number
}

const HINTS: Readonly<Record<string, string>> = {
  AuthorizationHeaderMalformed: 'set the region of the client to that of the bucket',
  BadDigest: 'the bytes were damaged on their way to the store',
  CredentialsProviderError: 'give the S3 client credentials',
  ECONNREFUSED: 'nothing listens at the endpoint: check host and port, and that the store runs',
  EAI_AGAIN: 'the name of the endpoint cannot be looked up just now',
  ENOTFOUND: 'the host of the endpoint does not exist: check endpoint, region and forcePathStyle of the client',
  EntityTooLarge: 'lower partBytes',
  ExpiredToken: 'renew the credentials of the client',
  InvalidAccessKeyId: 'the store does not know this access key: check the credentials of the client',
  MethodNotAllowed: 'the store lacks this operation',
  NoSuchBucket: 'create the bucket, or correct its name',
  NotFound: 'create the bucket, or correct its name',
  NotImplemented: 'the store lacks this operation; without conditional writes, set conditionalWrites to false',
  PermanentRedirect: 'set the region of the client to that of the bucket',
  RequestTimeTooSkewed: 'set the clock of this machine',
  SignatureDoesNotMatch: 'check the secret access key of the client',
}

const FORBIDDEN_HINT =
  'allow s3:ListBucket on the bucket, and s3:GetObject, s3:PutObject, s3:DeleteObject, s3:AbortMultipartUpload in it'

const RETRYABLE_REASONS = new Set([
  'BadDigest',
  'ConditionalRequestConflict',
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EPIPE',
  'ETIMEDOUT',
  'IncompleteBody',
  'RequestTimeout',
  'SlowDown',
  'Throttling',
  'ThrottlingException',
  'TimeoutError',
])

function factsOf(error: unknown): S3Facts {
  const metadata = field(error, '$metadata')
  const code = field(error, 'code')
  const status = field(metadata, 'httpStatusCode')
  const attempts = field(metadata, 'attempts')
  return {
    // Errors of the network are plain Errors that have a code; those of S3 have a name.
    reason: String(typeof code === 'string' ? code : field(error, 'name')),
    status: typeof status === 'number' ? status : undefined,
    attempts: typeof attempts === 'number' ? attempts : 1,
  }
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}

function sentence({ action, bucket, key }: S3CallSubject, { reason, status }: S3Facts): string {
  const what = key === '' ? `the bucket ${bucket}` : `${key} in the bucket ${bucket}`
  return `cannot ${action} ${what}: ${reason}${status === undefined ? '' : ` (HTTP ${status})`}`
}

function hintFor({ reason, status }: S3Facts): string | undefined {
  return HINTS[reason] ?? (status === 403 ? FORBIDDEN_HINT : undefined)
}

function isRetryable({ reason, status = 0 }: S3Facts): boolean {
  // 501 is the one server error that stays.
  return RETRYABLE_REASONS.has(reason) || status === 429 || (status >= 500 && status !== 501)
}

/**
 * The client's errors carry the request that was signed, which may hold a session token, and whatever fields the store
 * has sent. The cause is therefore a copy of what is known to be harmless.
 */
function withoutSecrets(error: unknown, { reason, status, attempts }: S3Facts): Error {
  const copy = new Error(String(field(error, 'message')))
  const requestId = field(field(error, '$metadata'), 'requestId')
  return Object.assign(copy, { name: reason, status, attempts, requestId })
}
