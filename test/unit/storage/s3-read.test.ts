import { S3Storage } from 'kafkeep/s3'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { pattern, read } from '../../../src/testing/storage-contract/support.js'
import { fakeS3Client, objectAnswer, s3Error } from '../../support/fake-s3-client.js'

const BYTES = pattern(1_000)
const reset = Object.assign(new Error('aborted'), { code: 'ECONNRESET' })

beforeEach(() => {
  // No waits between attempts.
  vi.spyOn(Math, 'random').mockReturnValue(0)
})

/** A storage whose client gives `answers` one by one, the last one again and again. */
function storageThatAnswers(...answers: readonly unknown[]) {
  let next = 0
  const { client, requests } = fakeS3Client(() => {
    const answer = answers[Math.min(next, answers.length - 1)]
    next += 1
    if (answer instanceof Error) throw answer
    return answer
  })
  return { storage: new S3Storage({ client, bucket: 'b' }), requests }
}

describe('a read of S3Storage', () => {
  test('asks for the rest of the same object when the answer breaks off', async () => {
    const { storage, requests } = storageThatAnswers(
      objectAnswer(BYTES, { from: 0, to: 1_000, breakAt: 300, error: reset }),
      objectAnswer(BYTES, { from: 300, to: 1_000 }),
    )
    expect(await read(storage, 'k')).toEqual(BYTES)
    expect(requests.map(({ input }) => [input['Range'], input['IfMatch']])).toEqual([
      ['bytes=0-', undefined],
      ['bytes=300-', '"e1"'],
    ])
  })

  test('asks for the rest of a range, too, and when the answer just ends', async () => {
    const { storage, requests } = storageThatAnswers(
      objectAnswer(BYTES, { from: 100, to: 900, breakAt: 200 }),
      objectAnswer(BYTES, { from: 200, to: 900 }),
    )
    expect(await read(storage, 'k', { startByte: 100, endByte: 900 })).toEqual(BYTES.subarray(100, 900))
    expect(requests.map(({ input }) => input['Range'])).toEqual(['bytes=100-899', 'bytes=200-899'])
  })

  test('goes on as long as every answer brings some bytes', async () => {
    const starts = Array.from({ length: 20 }, (_, index) => index * 50)
    const answers = starts.map((from) => objectAnswer(BYTES, { from, to: 1_000, breakAt: from + 50, error: reset }))
    expect(await read(storageThatAnswers(...answers).storage, 'k')).toEqual(BYTES)
  })

  test('rejects when answers bring nothing more, and never just ends', async () => {
    const { client } = fakeS3Client(({ input }) => {
      const from = Number(/\d+/.exec(String(input['Range'])))
      return objectAnswer(BYTES, { from, to: 1_000, breakAt: Math.max(from, 400), error: reset })
    })
    await expect(read(new S3Storage({ client, bucket: 'b' }), 'k')).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
      message: 'cannot read k: the answer breaks off at byte 400',
      retryable: true,
      cause: reset,
    })
  })

  test('rejects when the object is another one by the time the rest is asked for', async () => {
    const { storage } = storageThatAnswers(
      objectAnswer(BYTES, { from: 0, to: 1_000, breakAt: 300, error: reset }),
      s3Error('PreconditionFailed', 412),
    )
    await expect(read(storage, 'k')).rejects.toMatchObject({ code: 'STORAGE_FAILED', key: 'k' })
  })

  test('asks for the rest when the store gives less of the range than it has', async () => {
    const capped = { ...Object(objectAnswer(BYTES, { from: 0, to: 400 })), ContentRange: 'bytes 0-399/1000' }
    const { storage } = storageThatAnswers(capped, objectAnswer(BYTES, { from: 400, to: 1_000 }))
    expect(await read(storage, 'k')).toEqual(BYTES)
  })

  test('takes an empty answer with the whole of an empty object', async () => {
    const empty = { ...Object(objectAnswer(new Uint8Array(0), { from: 0, to: 0 })), ContentRange: undefined }
    expect(await read(storageThatAnswers(empty).storage, 'k')).toEqual(new Uint8Array(0))
  })

  test('rejects other bytes than it has asked for', async () => {
    const ignoresRange = { ...Object(objectAnswer(BYTES, { from: 0, to: 1_000 })), ContentRange: undefined }
    const { storage } = storageThatAnswers(ignoresRange)
    await expect(read(storage, 'k', { startByte: 10 })).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
      hint: expect.stringContaining('Range'),
    })
    await expect(read(storage, 'k', { endByte: 10 })).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
  })

  test('takes an answer with the whole object when it has asked for the whole', async () => {
    const whole = { ...Object(objectAnswer(BYTES, { from: 0, to: 1_000 })), ContentRange: undefined }
    expect(await read(storageThatAnswers(whole).storage, 'k')).toEqual(BYTES)
  })

  test('tells a missing object from a missing bucket', async () => {
    const missing = { code: 'OBJECT_NOT_FOUND', key: 'k' }
    await expect(read(storageThatAnswers(s3Error('NoSuchKey', 404)).storage, 'k')).rejects.toMatchObject(missing)
    const noBucket = { code: 'STORAGE_FAILED', hint: 'create the bucket, or correct its name' }
    await expect(read(storageThatAnswers(s3Error('NoSuchBucket', 404)).storage, 'k')).rejects.toMatchObject(noBucket)
    await expect(read(storageThatAnswers(s3Error('NotFound', 404)).storage, 'k')).rejects.toMatchObject(noBucket)
  })

  test('does not wait for a body that hangs once the signal has fired', async () => {
    const controller = new AbortController()
    const reason = new Error('stop')
    const body = async function* () {
      yield BYTES.subarray(0, 10)
      queueMicrotask(() => controller.abort(reason))
      await new Promise(() => {})
    }
    const answer = { Body: body(), ContentRange: 'bytes 0-999/1000', ETag: '"e1"' }
    const reading = read(storageThatAnswers(answer).storage, 'k', { signal: controller.signal })
    await expect(reading).rejects.toBe(reason)
  })
})
