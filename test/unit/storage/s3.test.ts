import { inspect } from 'node:util'
import { crc32c } from '@node-rs/crc32'
import { S3Storage } from 'kafkeep/s3'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { encodeChecksum } from '../../../src/storage/s3-checksum.js'
import { all, endingIn, inPieces, keys, pattern } from '../../../src/testing/storage-contract/support.js'
import { type FakeRequest, fakeS3Client, s3Error } from '../../support/fake-s3-client.js'

const BYTES = pattern(1_000)
const MIB = 1_048_576

beforeEach(() => {
  // No waits between attempts.
  vi.spyOn(Math, 'random').mockReturnValue(0)
})

function stored(bytes: Uint8Array) {
  return {
    ContentLength: bytes.length,
    LastModified: new Date(5_000),
    ChecksumCRC32C: encodeChecksum(crc32c(bytes)),
    ChecksumType: 'FULL_OBJECT',
  }
}

/** A storage over a client that answers as told, by operation; a list of answers is used up one by one. */
function storageThat(answers: Readonly<Record<string, unknown>>, options: { partBytes?: number } = {}) {
  const { client, requests } = fakeS3Client(({ operation }) => {
    const told = answers[operation]
    const answer: unknown = Array.isArray(told) ? told.shift() : told
    if (answer instanceof Error) throw answer
    return answer ?? {}
  })
  return { storage: new S3Storage({ client, bucket: 'b', ...options }), requests }
}

function operations(requests: readonly FakeRequest[]): string[] {
  return requests.map(({ operation }) => operation)
}

describe('a put of S3Storage', () => {
  test('asks the store not to replace, and to check the bytes', async () => {
    const { client, requests } = fakeS3Client(({ operation }) => (operation === 'HeadObject' ? stored(BYTES) : {}))
    const putDefaults = { StorageClass: 'STANDARD_IA' }
    const storage = new S3Storage({ client, bucket: 'b', prefix: 'p', putDefaults })
    const { created, info } = await storage.put('k', [BYTES.subarray(0, 10), BYTES.subarray(10)])
    expect(created).toBe(true)
    expect(info).toEqual({ key: 'k', sizeBytes: 1_000, modifiedMs: 5_000, crc32c: crc32c(BYTES) })
    expect(requests[0]?.input).toMatchObject({
      Bucket: 'b',
      Key: 'p/k',
      IfNoneMatch: '*',
      ChecksumCRC32C: encodeChecksum(crc32c(BYTES)),
      ContentLength: 1_000,
      StorageClass: 'STANDARD_IA',
    })
  })

  test('is told that somebody else was first', async () => {
    const { storage } = storageThat({ PutObject: s3Error('PreconditionFailed', 412), HeadObject: stored(BYTES) })
    expect((await storage.put('k', BYTES)).created).toBe(false)
  })

  test('takes an object of its own bytes for its own when the client had to repeat the request', async () => {
    const refused = s3Error('PreconditionFailed', 412, { attempts: 2 })
    const own = storageThat({ PutObject: refused, HeadObject: stored(BYTES) })
    expect((await own.storage.put('k', BYTES)).created).toBe(true)
    const other = storageThat({ PutObject: refused, HeadObject: stored(pattern(1_000).fill(1)) })
    expect((await other.storage.put('k', BYTES)).created).toBe(false)
  })

  test('tries again after a conflict of conditional writes', async () => {
    const conflict = s3Error('ConditionalRequestConflict', 409)
    const { storage, requests } = storageThat({ PutObject: [conflict, conflict, {}], HeadObject: stored(BYTES) })
    expect((await storage.put('k', inPieces(BYTES, 100))).created).toBe(true)
    expect(operations(requests)).toEqual(['PutObject', 'PutObject', 'PutObject', 'HeadObject'])
  })

  test('gives up when conflicts do not end, with an error that may be retried', async () => {
    const { storage } = storageThat({ PutObject: s3Error('ConditionalRequestConflict', 409) })
    await expect(storage.put('k', BYTES)).rejects.toMatchObject({ code: 'STORAGE_FAILED', retryable: true })
  })

  test('does not call an object created that the store does not show', async () => {
    const { storage } = storageThat({ HeadObject: s3Error('NotFound', 404) })
    await expect(storage.put('k', BYTES)).rejects.toMatchObject({ code: 'STORAGE_FAILED', retryable: true })
  })

  test('is not called done when the store has other bytes', async () => {
    const { storage } = storageThat({ HeadObject: stored(pattern(999)) })
    await expect(storage.put('k', BYTES)).rejects.toMatchObject({ code: 'STORAGE_FAILED', key: 'k' })
  })

  test('sends nothing when the bytes do not have the checksum that the caller gives', async () => {
    const { storage, requests } = storageThat({ HeadObject: stored(BYTES) })
    await expect(storage.put('k', BYTES, { crc32c: 1 })).rejects.toMatchObject({ code: 'STORAGE_FAILED', key: 'k' })
    expect(requests).toEqual([])
  })

  test('asks first when the store has no conditional writes', async () => {
    const { client, requests } = fakeS3Client(() => stored(BYTES))
    const storage = new S3Storage({ client, bucket: 'b', conditionalWrites: false })
    expect((await storage.put('k', BYTES)).created).toBe(false)
    expect(operations(requests)).toEqual(['HeadObject'])
  })
})

describe('a put of S3Storage in parts', () => {
  const large = pattern(12 * MIB)
  const partBytes = 5 * MIB
  const parts = { CreateMultipartUpload: { UploadId: 'U' }, UploadPart: { ETag: '"p"' }, HeadObject: stored(large) }

  test('hands over a checksum for every part and one for the whole', async () => {
    const { storage, requests } = storageThat(parts, { partBytes })
    await storage.put('k', large, { crc32c: crc32c(large) })
    expect(operations(requests)).toEqual([
      'CreateMultipartUpload',
      'UploadPart',
      'UploadPart',
      'UploadPart',
      'CompleteMultipartUpload',
      'HeadObject',
    ])
    expect(requests[3]?.input).toMatchObject({ PartNumber: 3, ContentLength: 2 * MIB, UploadId: 'U' })
    expect(requests[4]?.input).toMatchObject({
      IfNoneMatch: '*',
      ChecksumType: 'FULL_OBJECT',
      ChecksumCRC32C: encodeChecksum(crc32c(large)),
    })
  })

  test('removes the parts when the body, a part or the checksum fails, or the signal fires', async () => {
    const controller = new AbortController()
    const stop = new Error('stop')
    const abort = async () => controller.abort(stop)
    const boom = new Error('boom')
    const cases = [
      { answers: parts, body: endingIn(large, () => Promise.reject(boom)), error: boom },
      { answers: parts, body: endingIn(large, abort), signal: controller.signal, error: stop },
      { answers: { ...parts, UploadPart: s3Error('SlowDown', 503) }, body: large, error: { retryable: true } },
      { answers: parts, body: large, crc32c: 1, error: { code: 'STORAGE_FAILED' } },
    ]
    for (const { answers, body, error, signal, crc32c } of cases) {
      const { storage, requests } = storageThat(answers, { partBytes })
      await expect(storage.put('k', body, { signal, crc32c })).rejects.toMatchObject(error)
      expect(operations(requests).at(-1)).toBe('AbortMultipartUpload')
      expect(operations(requests)).not.toContain('CompleteMultipartUpload')
    }
  })

  test('keeps the first error when the parts cannot be removed', async () => {
    const answers = { ...parts, AbortMultipartUpload: s3Error('InternalError', 500) }
    const { storage } = storageThat(answers, { partBytes })
    const boom = new Error('boom')
    await expect(
      storage.put(
        'k',
        endingIn(large, () => Promise.reject(boom)),
      ),
    ).rejects.toBe(boom)
  })

  test('takes an upload that is gone for completed when the client had to repeat the request', async () => {
    const gone = s3Error('NoSuchUpload', 404, { attempts: 2 })
    const { storage } = storageThat({ ...parts, CompleteMultipartUpload: gone }, { partBytes })
    expect((await storage.put('k', large)).created).toBe(true)
  })
})

describe('head of S3Storage', () => {
  test('does not call an object missing when the bucket is', async () => {
    const missing = s3Error('NotFound', 404)
    const { storage } = storageThat({ HeadObject: missing, HeadBucket: missing })
    await expect(storage.head('k')).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
      message: 'cannot find the bucket b: NotFound (HTTP 404)',
      hint: 'create the bucket, or correct its name',
    })
  })

  test('looks for the bucket once only', async () => {
    const { storage, requests } = storageThat({ HeadObject: s3Error('NotFound', 404) })
    expect([await storage.head('k'), await storage.head('k')]).toEqual([undefined, undefined])
    expect(operations(requests)).toEqual(['HeadObject', 'HeadBucket', 'HeadObject'])
  })

  test.each([
    ['of the whole object', 'FULL_OBJECT', encodeChecksum(7), 7],
    ['of no type', undefined, encodeChecksum(0xffff_ffff), 0xffff_ffff],
    ['of the parts', 'COMPOSITE', encodeChecksum(7), undefined],
    ['of the parts, and no type', undefined, `${encodeChecksum(7)}-2`, undefined],
    ['that is missing', 'FULL_OBJECT', undefined, undefined],
  ])('understands a checksum %s', async (_, ChecksumType, ChecksumCRC32C, expected) => {
    const { storage } = storageThat({ HeadObject: { ...stored(BYTES), ChecksumType, ChecksumCRC32C } })
    expect((await storage.head('k'))?.crc32c).toBe(expected)
  })

  test('rejects an answer that lacks the size', async () => {
    const { storage } = storageThat({ HeadObject: { LastModified: new Date() } })
    await expect(storage.head('k')).rejects.toMatchObject({ code: 'STORAGE_FAILED', key: 'k' })
  })

  test('does not wait for a client that ignores the signal', async () => {
    const { client, requests } = fakeS3Client(() => new Promise(() => {}))
    const controller = new AbortController()
    const reason = new Error('stop')
    const pending = new S3Storage({ client, bucket: 'b' }).head('k', { signal: controller.signal })
    controller.abort(reason)
    await expect(pending).rejects.toBe(reason)
    expect(requests[0]?.signal).toBe(controller.signal)
  })
})

describe('a listing of S3Storage', () => {
  const page = (names: readonly string[], more: object = {}) => ({
    Contents: names.map((Key) => ({ Key, Size: 1, LastModified: new Date(0) })),
    ...more,
  })

  test('follows the pages to the last one', async () => {
    const first = page(['a', 'b'], { IsTruncated: true, NextContinuationToken: 'T' })
    const { storage, requests } = storageThat({ ListObjectsV2: [first, page(['c'], { IsTruncated: false })] })
    expect(await keys(storage, '')).toEqual(['a', 'b', 'c'])
    expect(requests[1]?.input).toMatchObject({ ContinuationToken: 'T' })
  })

  test.each([
    ['that breaks off without a token', [page(['a'], { IsTruncated: true })]],
    [
      'that repeats its token',
      Array.from({ length: 3 }, (_, n) => page([`a${n}`], { IsTruncated: true, NextContinuationToken: 'T' })),
    ],
    ['whose keys are out of order', [page(['b', 'a'])]],
    ['whose keys repeat', [page(['b', 'b'])]],
    ['in the order of UTF-16', [page(['\u{1F600}', '\uFF5E'])]],
  ])('rejects a listing %s', async (_, pages) => {
    const { storage } = storageThat({ ListObjectsV2: [...pages] })
    await expect(keys(storage, '')).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
  })

  test('rejects a store that ignores the prefix or where to start', async () => {
    const answers = () => storageThat({ ListObjectsV2: page(['a', 'p/b']) }).storage
    await expect(keys(answers(), 'p/')).rejects.toMatchObject({ code: 'STORAGE_FAILED', key: 'p/' })
    await expect(keys(answers(), '', { startAfter: 'a' })).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
  })

  test('skips the empty objects that consoles make to show a folder', async () => {
    const { storage } = storageThat({ ListObjectsV2: page(['a/', 'a/b', 'c//d']) })
    expect(await keys(storage, '')).toEqual(['a/b'])
    const prefixes = { CommonPrefixes: [{ Prefix: '/' }, { Prefix: 'a/' }] }
    expect(await all(storageThat({ ListObjectsV2: prefixes }).storage.listPrefixes(''))).toEqual(['a/'])
  })
})

describe('an error of S3Storage', () => {
  test.each([
    ['SlowDown', 503, true, undefined],
    ['InternalError', 500, true, undefined],
    ['TooManyRequests', 429, true, undefined],
    ['NotImplemented', 501, false, 'conditionalWrites'],
    ['AccessDenied', 403, false, 's3:ListBucket'],
    ['InvalidAccessKeyId', 403, false, 'access key'],
    ['ExpiredToken', 400, false, 'renew'],
    ['PermanentRedirect', 301, false, 'region'],
    ['NoSuchBucket', 404, false, 'bucket'],
    ['BadDigest', 400, true, 'damaged'],
  ])('says whether %s (HTTP %i) may pass, and what to do', async (name, status, retryable, hint) => {
    const error: unknown = await keys(storageThat({ ListObjectsV2: s3Error(name, status) }).storage, 'p/').catch(
      identity,
    )
    expect(error).toMatchObject({ code: 'STORAGE_FAILED', key: 'p/', retryable })
    expect(error).toHaveProperty('message', `cannot list p/ in the bucket b: ${name} (HTTP ${status})`)
    expect(error).toHaveProperty('hint', hint === undefined ? undefined : expect.stringContaining(hint))
  })

  test.each([
    ['ECONNREFUSED', true, 'nothing listens'],
    ['ECONNRESET', true, undefined],
    ['EAI_AGAIN', true, 'looked up'],
    ['ENOTFOUND', false, 'does not exist'],
  ])('says whether %s may pass, and what to do', async (code, retryable, hint) => {
    const network = Object.assign(new Error(`connect ${code}`), { code })
    const error: unknown = await storageThat({ DeleteObject: network }).storage.delete('k').catch(identity)
    expect(error).toMatchObject({ message: `cannot delete k in the bucket b: ${code}`, retryable })
    expect(error).toHaveProperty('hint', hint === undefined ? undefined : expect.stringContaining(hint))
  })

  test('shows nothing of the request that was signed', async () => {
    const error = s3Error('SignatureDoesNotMatch', 403, {
      CanonicalRequest: 'x-amz-security-token:SESSION-TOKEN',
      StringToSign: 'STRING-TO-SIGN',
      $response: { headers: { authorization: 'AUTHORIZATION' } },
    })
    const shown = inspect(await storageThat({ HeadObject: error }).storage.head('k').catch(identity), { depth: 9 })
    expect(shown).toContain('SignatureDoesNotMatch')
    expect(shown).toContain('R1')
    expect(shown).not.toMatch(/SESSION-TOKEN|STRING-TO-SIGN|AUTHORIZATION/)
  })
})

describe('the options of S3Storage', () => {
  const { client } = fakeS3Client(() => ({}))

  test.each([
    ['a client without send', { client: {}, bucket: 'b' }],
    ['no bucket', { client, bucket: '' }],
    ['a prefix that is no path', { client, bucket: 'b', prefix: '/a' }],
    ['a prefix that is too long', { client, bucket: 'b', prefix: 'x'.repeat(124) }],
    ['a default for a field of its own', { client, bucket: 'b', putDefaults: { IfNoneMatch: '*' } }],
    ['a default for a checksum', { client, bucket: 'b', putDefaults: { ChecksumAlgorithm: 'SHA1' } }],
    ['an unknown option', { client, bucket: 'b', region: 'r' }],
  ])('refuse %s', (_, options) => {
    expect(() => new S3Storage(Object.assign({ client, bucket: 'b' }, options))).toThrow(TypeError)
  })

  test.each([0, 5 * MIB - 1, 5_121 * MIB, 1.5])('refuse parts of %d bytes', (partBytes) => {
    expect(() => new S3Storage({ client, bucket: 'b', partBytes })).toThrow(RangeError)
  })
})

function identity(error: unknown): unknown {
  return error
}
