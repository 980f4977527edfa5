import { Readable } from 'node:stream'
import type { S3ClientLike } from 'kafkeep/s3'

/** A request that a fake client was given. */
export interface FakeRequest {
  /** Name of the operation, such as `PutObject`. */
  readonly operation: string
  readonly input: Readonly<Record<string, unknown>>
  readonly signal: AbortSignal | undefined
}

/** A client that answers each request with what `answer` returns or throws, and notes the requests. */
export function fakeS3Client(answer: (request: FakeRequest) => unknown): {
  readonly client: S3ClientLike
  readonly requests: FakeRequest[]
} {
  const requests: FakeRequest[] = []
  const client = {
    async send(command: { input: Record<string, unknown> }, options?: { readonly abortSignal?: AbortSignal }) {
      const operation = command.constructor.name.replace(/Command$/, '')
      const request = { operation, input: command.input, signal: options?.abortSignal }
      requests.push(request)
      return answer(request)
    },
  }
  return { client, requests }
}

/** An error as the SDK throws it. */
export function s3Error(name: string, status: number, fields: Readonly<Record<string, unknown>> = {}): Error {
  const { attempts = 1, ...others } = fields
  return Object.assign(new Error(`${name} happened`), {
    name,
    $metadata: { httpStatusCode: status, attempts, requestId: 'R1' },
    ...others,
  })
}

/** The answer to a GetObject of `[from, to)` of `bytes`, whose body ends at `breakAt` when that is given. */
export function objectAnswer(
  bytes: Uint8Array,
  { from, to, breakAt = to, error }: { from: number; to: number; breakAt?: number; error?: Error },
): unknown {
  const body = async function* () {
    yield bytes.subarray(from, breakAt)
    if (error !== undefined) throw error
  }
  return {
    Body: Readable.from(body()),
    ContentRange: `bytes ${from}-${to - 1}/${bytes.length}`,
    ContentLength: to - from,
    ETag: '"e1"',
  }
}
