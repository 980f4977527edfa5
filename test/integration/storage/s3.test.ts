import { beforeAll, describe } from 'vitest'
import type { S3Service } from '../../services/service.js'
import { startVersitygw } from '../../services/versitygw.js'
import { versitygwObstacle } from '../../services/versitygw-program.js'
import { services } from '../../support/services.js'
import { s3StorageSuite } from './s3-storage-suite.js'

/** The first start may have to wait for another process that builds the program, and then build it itself. */
const START_LIMIT_MS = 15 * 60_000

describe('S3Storage on S3Proxy', () => {
  s3StorageSuite(() => services().s3, {
    // It keeps objects as files named like their keys (with a suffix meanwhile), and sorts in UTF-16.
    keyMayBePrefixOfAnother: false,
    maxSegmentBytes: 200,
    ordersByCodePoint: false,
  })
})

const obstacle = await versitygwObstacle()
if (obstacle !== undefined) process.stderr.write(`S3Storage is not tested on versitygw: ${obstacle}\n`)

describe.runIf(obstacle === undefined)('S3Storage on versitygw', () => {
  let server: S3Service

  beforeAll(async () => {
    server = await startVersitygw()
    return () => server.destroy()
  }, START_LIMIT_MS)

  s3StorageSuite(() => server, {
    // Objects are files here, too; 255 bytes are the longest name of a file.
    keyMayBePrefixOfAnother: false,
    maxSegmentBytes: 255,
  })
})
