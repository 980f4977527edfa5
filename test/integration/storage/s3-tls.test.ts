import { randomUUID } from 'node:crypto'
import { Agent } from 'node:https'
import { buffer } from 'node:stream/consumers'
import { CreateBucketCommand, type S3Client } from '@aws-sdk/client-s3'
import { S3Storage } from 'kafkeep/s3'
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { startSecuredS3 } from '../../services/secured-s3.js'
import { s3ClientOf } from '../../support/s3-client.js'

const PART_BYTES = 5 * 1_048_576
const SIZES = { 'a whole object': 100_000, 'an object in parts': PART_BYTES + 100_000 }

describe('S3Storage through TLS', () => {
  const bucket = `kafkeep-${randomUUID()}`
  let server: Awaited<ReturnType<typeof startSecuredS3>>

  beforeAll(async () => {
    server = await startSecuredS3()
    await newClient().send(new CreateBucketCommand({ Bucket: bucket }))
    return () => server.destroy()
  })

  function newClient(): S3Client {
    return s3ClientOf(server, { maxAttempts: 1, requestHandler: { httpsAgent: new Agent({ ca: server.ca }) } })
  }

  function open(client: S3Client): S3Storage {
    onTestFinished(() => client.destroy())
    return new S3Storage({ client, bucket, partBytes: PART_BYTES })
  }

  it.each(Object.entries(SIZES))('keeps the bytes of %s', async (key, bytes) => {
    const storage = open(newClient())
    const body = Buffer.alloc(bytes, 'a batch')
    expect(await storage.put(key, body)).toMatchObject({ created: true })
    expect((await buffer(storage.get(key))).equals(body)).toBe(true)
  })

  it.each(Object.entries(SIZES))('leaves nothing of %s whose bytes were changed on the way', async (name, bytes) => {
    const client = newClient()
    client.middlewareStack.add(
      (next) => (call) => {
        const { request } = call
        if (isUpload(request)) request.body = changed(request.body)
        return next(call)
      },
      // Behind the signature.
      { step: 'finalizeRequest', priority: 'low' },
    )
    const storage = open(client)
    const key = `changed ${name}`
    await expect(storage.put(key, Buffer.alloc(bytes, 'a batch'))).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    expect(await storage.head(key)).toBeUndefined()
  })
})

function isUpload(request: unknown): request is { body: Uint8Array } {
  return typeof request === 'object' && request !== null && 'body' in request && request.body instanceof Uint8Array
}

function changed(bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes)
  copy[bytes.length - 1] = 0
  return copy
}
