import { randomUUID } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { S3Storage } from 'kafkeep/s3'
import type { S3Service } from '../../test/services/service.js'
import { deleteDirectory, watchedDirectory } from '../../test/services/watched-directory.js'
import { type ProcessCost, timed } from '../timed-process.js'
import type { FilledTopic } from '../topics/fill-topic.js'
import type { ArchiveCandidate } from './candidate.js'

const PROGRAM = fileURLToPath(new URL('./archive-program.mjs', import.meta.url))
const BUCKET = 'bench'

/** Where the program is told to put the archive. */
type Target = { readonly directory: string } | { readonly s3: object }

/** kafkeep with its default options, to a folder of the disk that temporary files are on. */
export function kafkeepToFiles(): ArchiveCandidate {
  return {
    id: 'files',
    name: 'kafkeep to files',
    async run(topic) {
      const directory = await watchedDirectory(join(tmpdir(), 'kafkeep-bench-archive-'))
      try {
        return await archive(topic, { directory })
      } finally {
        await deleteDirectory(directory)
      }
    },
  }
}

/** kafkeep with its default options, to an S3 server on this machine. */
export async function kafkeepToS3({ endpoint, accessKeyId, secretAccessKey }: S3Service): Promise<ArchiveCandidate> {
  const credentials = { accessKeyId, secretAccessKey }
  const client = { endpoint, region: 'us-east-1', forcePathStyle: true, credentials }
  const own = new S3Client(client)
  await own.send(new CreateBucketCommand({ Bucket: BUCKET }))
  return {
    id: 's3',
    name: 'kafkeep to S3',
    async run(topic) {
      const prefix = randomUUID()
      const storage = new S3Storage({ client: own, bucket: BUCKET, prefix })
      try {
        return await archive(topic, { s3: { client, bucket: BUCKET, prefix } })
      } finally {
        for await (const { key } of storage.list('')) await storage.delete(key)
      }
    },
  }
}

/** @throws Error when not everything was archived. */
async function archive({ topic, brokers, records, bytes }: FilledTopic, target: Target): Promise<ProcessCost> {
  const order = { brokers, topic, groupId: `bench-${randomUUID()}`, ...target }
  const { stdout, ...cost } = await timed(process.execPath, [PROGRAM, JSON.stringify(order)])
  const expected = JSON.stringify({ records, bytes, complete: true })
  if (stdout.toString() === expected) return cost
  throw new Error(`kafkeep archived ${stdout} of topic ${topic}, which has ${expected}`)
}
