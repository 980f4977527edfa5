/** Where the steps stand among the SDK's own: requests are complete, and not signed yet. */
export const BEFORE_SIGNATURE = { step: 'build', name: 'kafkeepBody' } as const

/** A request that is not signed yet. */
interface UnsignedRequest {
  readonly protocol: string
  readonly headers: Record<string, string>
}

/**
 * Leaves the body of an upload out of its signature where it goes through TLS, which protects it on its way. The SDK would
 * hash all of it, which takes longer than anything else that is done to archive it. That the store has got the right bytes
 * is told by their CRC32C, which is signed.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
export function unsignedBody<Call extends { readonly request: unknown }, Answer>(
  next: (call: Call) => Promise<Answer>,
): (call: Call) => Promise<Answer> {
  return (call) => {
    const { request } = call
    if (isRequest(request) && request.protocol === 'https:')
      request.headers['x-amz-content-sha256'] = 'UNSIGNED-PAYLOAD'
    return next(call)
  }
}

/**
 * Asks for an object without its checksum, which the SDK asks for by itself and then checks at 70 MB/s. Who reads an
 * archive checks its bytes anyway.
 */
export function uncheckedBody<Call extends { readonly request: unknown; input: { ChecksumMode?: unknown } }, Answer>(
  next: (call: Call) => Promise<Answer>,
): (call: Call) => Promise<Answer> {
  return (call) => {
    const { request, input } = call
    delete input.ChecksumMode
    if (isRequest(request)) delete request.headers['x-amz-checksum-mode']
    return next(call)
  }
}

function isRequest(request: unknown): request is UnsignedRequest {
  return typeof request === 'object' && request !== null && 'protocol' in request && 'headers' in request
}
