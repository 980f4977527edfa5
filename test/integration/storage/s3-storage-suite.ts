import { randomUUID } from 'node:crypto'
import { CreateBucketCommand, ListMultipartUploadsCommand, type S3Client } from '@aws-sdk/client-s3'
import { S3Storage } from 'kafkeep/s3'
import { type StorageContractOptions, storageContract } from 'kafkeep/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import type { ServiceEndpoints } from '../../services/endpoints.js'
import { s3ClientOf } from '../../support/s3-client.js'

const PART_BYTES = 5 * 1_048_576

/** How to reach an S3 server, and with which keys. */
type S3Server = ServiceEndpoints['s3']

/**
 * Defines the tests of `S3Storage` on a real server.
 *
 * @param server - Called when the tests run.
 * @param limits - What the server cannot do.
 */
export function s3StorageSuite(server: () => S3Server, limits: StorageContractOptions): void {
  const bucket = `kafkeep-${randomUUID()}`
  let client: S3Client

  beforeAll(async () => {
    client = s3ClientOf(server())
    await client.send(new CreateBucketCommand({ Bucket: bucket }))
    return () => client.destroy()
  })

  describe('under the contract', () => {
    const open = async () => new S3Storage({ client, bucket, prefix: randomUUID(), partBytes: PART_BYTES })
    storageContract(test, open, { ...limits, largeObjectBytes: 2 * PART_BYTES + 12_345 })
  })

  describe('without conditional writes', () => {
    test('tells that a key exists, and keeps what is there', async () => {
      const storage = new S3Storage({ client, bucket, prefix: randomUUID(), conditionalWrites: false })
      expect((await storage.put('a', Uint8Array.of(1))).created).toBe(true)
      expect(await storage.put('a', Uint8Array.of(1, 2))).toMatchObject({ created: false, info: { sizeBytes: 1 } })
    })
  })

  describe('about what it cannot do', () => {
    test('says that the bucket does not exist, and never that an object is missing', async () => {
      const storage = new S3Storage({ client, bucket: 'kafkeep-no-such-bucket' })
      const missingBucket = { code: 'STORAGE_FAILED', retryable: false, hint: 'create the bucket, or correct its name' }
      await expect(storage.head('a')).rejects.toMatchObject(missingBucket)
      await expect(first(storage.get('a'))).rejects.toMatchObject(missingBucket)
      await expect(first(storage.list(''))).rejects.toMatchObject(missingBucket)
      await expect(storage.put('a', Uint8Array.of(1))).rejects.toMatchObject(missingBucket)
    })

    test('says that the credentials are wrong, without showing them', async () => {
      const wrong = s3ClientOf({ ...server(), secretAccessKey: 'not-the-secret' })
      const storage = new S3Storage({ client: wrong, bucket })
      const error: unknown = await storage.head('a').catch((reason: unknown) => reason)
      expect(error).toMatchObject({ code: 'STORAGE_FAILED', retryable: false, key: 'a' })
      const listed: unknown = await first(storage.list('')).catch((reason: unknown) => reason)
      expect(listed).toMatchObject({ hint: 'check the secret access key of the client' })
      wrong.destroy()
    })

    test('says that nothing listens at the endpoint, and that this may pass', async () => {
      const nobody = s3ClientOf({ ...server(), endpoint: 'http://127.0.0.1:1' }, { maxAttempts: 1 })
      const error: unknown = await new S3Storage({ client: nobody, bucket })
        .head('a')
        .catch((reason: unknown) => reason)
      expect(error).toMatchObject({ code: 'STORAGE_FAILED', retryable: true })
      expect(error).toHaveProperty('hint', expect.stringContaining('nothing listens'))
      nobody.destroy()
    })

    test('leaves no parts of an upload that fails', async () => {
      const storage = new S3Storage({ client, bucket, prefix: randomUUID(), partBytes: PART_BYTES })
      const boom = new Error('boom')
      const body = async function* () {
        yield new Uint8Array(PART_BYTES + 1)
        throw boom
      }
      await expect(storage.put('torn', body)).rejects.toBe(boom)
      const { Uploads } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }))
      expect(Uploads ?? []).toEqual([])
    })

    test('knows the CRC32C of objects that went in whole and in parts', async () => {
      const storage = new S3Storage({ client, bucket, prefix: randomUUID(), partBytes: PART_BYTES })
      await storage.put('whole', Buffer.from('123456789'))
      await storage.put('parts', new Uint8Array(PART_BYTES * 2))
      expect((await storage.head('whole'))?.crc32c).toBe(0xe306_9283)
      expect((await storage.head('parts'))?.crc32c).toBeTypeOf('number')
    })
  })
}

async function first<T>(items: AsyncIterable<T>): Promise<T | undefined> {
  for await (const item of items) return item
  return undefined
}
