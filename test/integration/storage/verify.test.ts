import { randomUUID } from 'node:crypto'
import { CreateBucketCommand, type S3Client } from '@aws-sdk/client-s3'
import { S3Storage } from 'kafkeep/s3'
import { beforeAll, describe } from 'vitest'
import { startVersitygw } from '../../services/versitygw.js'
import { versitygwObstacle } from '../../services/versitygw-program.js'
import { s3ClientOf } from '../../support/s3-client.js'
import { describeVerification } from '../../support/verify-suite.js'

/** The first start may have to wait for another process that builds the program, and then build it itself. */
const START_LIMIT_MS = 15 * 60_000
const BUCKET = 'archives'

const obstacle = await versitygwObstacle()
if (obstacle !== undefined) process.stderr.write(`archives in versitygw are not tested: ${obstacle}\n`)

describe.runIf(obstacle === undefined)('on an S3 server', () => {
  let client: S3Client

  beforeAll(async () => {
    const server = await startVersitygw()
    client = s3ClientOf(server)
    await client.send(new CreateBucketCommand({ Bucket: BUCKET }))
    return async () => {
      client.destroy()
      await server.destroy()
    }
  }, START_LIMIT_MS)

  describeVerification('a bucket', async () => new S3Storage({ client, bucket: BUCKET, prefix: randomUUID() }))
})
