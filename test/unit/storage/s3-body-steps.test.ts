import { S3Client } from '@aws-sdk/client-s3'
import { describe, expect, it } from 'vitest'
import { S3Calls } from '../../../src/storage/s3-calls.js'
import { S3CallError } from '../../../src/storage/s3-errors.js'

const BODY = { Body: Buffer.from('a batch'), ChecksumCRC32C: 'AAAAAA==' }
const CONTEXT = { key: 'key', signal: undefined }

const UPLOADS: Readonly<Record<string, (calls: S3Calls) => Promise<unknown>>> = {
  'a whole object': (calls) => calls.putObject({ Key: 'key', ...BODY }, CONTEXT),
  'a part': (calls) => calls.uploadPart({ Key: 'key', UploadId: 'upload', PartNumber: 1, ...BODY }, CONTEXT),
}

/** The headers of the request for a call to a store that is away. */
async function headersOf(call: (calls: S3Calls) => Promise<unknown>, endpoint: string) {
  const sent: Readonly<Record<string, string>>[] = []
  const client = new S3Client({
    ...{ endpoint, region: 'us-east-1', maxAttempts: 1 },
    credentials: { accessKeyId: 'somebody', secretAccessKey: 'with-a-secret' },
    requestHandler: {
      async handle({ headers }: { readonly headers: Readonly<Record<string, string>> }) {
        sent.push(headers)
        throw new Error('the store is away')
      },
    },
  })
  await expect(call(new S3Calls(client, 'bucket'))).rejects.toThrow(S3CallError)
  return sent[0] ?? {}
}

describe.each(Object.entries(UPLOADS))('the body of %s', (_, upload) => {
  it('is left out of the signature where TLS protects it, and its checksum is not', async () => {
    const headers = await headersOf(upload, 'https://store.example')
    expect(headers['x-amz-content-sha256']).toBe('UNSIGNED-PAYLOAD')
    expect(headers['x-amz-checksum-crc32c']).toBe(BODY.ChecksumCRC32C)
    expect(headers['authorization']).toMatch(/SignedHeaders=[^,]*x-amz-checksum-crc32c/)
  })

  it('is signed where nothing else protects it', async () => {
    const headers = await headersOf(upload, 'http://store.example')
    expect(headers['x-amz-content-sha256']).toMatch(/^[0-9a-f]{64}$/)
  })
})

describe('checksums that a store is asked for', () => {
  it('are those of objects that are looked up, and not of those that are read', async () => {
    const lookedUp = await headersOf((calls) => calls.headObject('key', CONTEXT), 'https://store.example')
    expect(lookedUp['x-amz-checksum-mode']).toBe('ENABLED')
    const read = await headersOf((calls) => calls.getObject({ Key: 'key' }, CONTEXT), 'https://store.example')
    expect(read['x-amz-checksum-mode']).toBeUndefined()
  })
})
