import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { createClient } from 'node-zookeeper-client'
import { beforeAll, describe, expect, it } from 'vitest'
import { KafkaBench, messages } from '../../support/kafka.js'
import { services } from '../../support/services.js'

const repository = join(import.meta.dirname, '../../..')

describe('the example programs', () => {
  const bucket = `examples-${randomUUID().slice(0, 8)}`
  const chroot = `/examples-${randomUUID().slice(0, 8)}`
  let bench: KafkaBench

  beforeAll(async () => {
    bench = new KafkaBench('kafka4')
    const { endpoint, accessKeyId, secretAccessKey } = services().s3
    const credentials = { accessKeyId, secretAccessKey }
    const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials })
    await client.send(new CreateBucketCommand({ Bucket: bucket }))
    client.destroy()
  })

  interface Ended {
    readonly code: number
    readonly stdout: string
    readonly stderr: string
  }

  function run(name: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Ended> {
    const { endpoint, accessKeyId, secretAccessKey } = services().s3
    const env = {
      ...process.env,
      KAFKA_BROKERS: bench.brokers.join(','),
      ZOOKEEPER_CONNECT: `${services().zookeeper.connect}${chroot}`,
      ...{ S3_ENDPOINT: endpoint, BUCKET: bucket, AWS_REGION: 'us-east-1' },
      ...{ AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey },
      ...environment,
    }
    const tsx = join(repository, 'node_modules/.bin/tsx')
    return new Promise((resolve) => {
      execFile(
        tsx,
        [join('examples', `${name}.ts`), ...args],
        { cwd: repository, env, timeout: 60_000 },
        (error, stdout, stderr) => {
          resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, stdout, stderr })
        },
      )
    })
  }

  it('archive a topic and restore it after it was lost', async () => {
    const topic = await bench.createTopic(2)
    await bench.produce(topic, [messages(0, 20)])
    const archived = await run('archive-topics', [topic])
    expect(archived).toMatchObject({ code: 0 })
    expect(archived.stdout).toMatch(/20 new records, checkpoint \d{8}T/)
    await bench.admin((admin) => admin.deleteTopics({ topics: [topic] }))
    const restored = await run('restore-topics', [topic])
    expect(restored).toMatchObject({ code: 0 })
    expect(restored.stdout).toContain('20 records restored')
    expect(await bench.shown(topic, 20)).toEqual(messages(0, 20).map(({ value }) => value))
  })

  it('take a snapshot of ZooKeeper and bring it back', async () => {
    await createRoot()
    expect(await run('snapshot-zookeeper', [])).toMatchObject({ code: 0, stdout: expect.stringContaining('exact') })
    expect(await run('restore-zookeeper', [])).toMatchObject({ code: 0 })
  })

  it.each([
    ['archive-topics', ['no-such-topic'], {}, /^TOPIC_NOT_FOUND: .*\nhint: /m],
    ['archive-topics', [], { KAFKA_BROKERS: '127.0.0.1:1' }, /^TRANSPORT_FAILED: .*\nhint: /m],
    ['archive-topics', [], { BUCKET: 'no-such-bucket' }, /^STORAGE_FAILED: .*\nhint: /m],
    ['archive-topics', [], { AWS_SECRET_ACCESS_KEY: 'wrong' }, /^STORAGE_FAILED: .*\nhint: /m],
    ['restore-topics', [], { CHECKPOINT: 'no-such-one' }, /^NOT_IN_ARCHIVE: .*\nhint: /m],
    ['snapshot-zookeeper', [], { ZOOKEEPER_CONNECT: '' }, /set the environment variable ZOOKEEPER_CONNECT/],
  ])('%s %j ends with one clear sentence and exit code 1 when %j', async (name, args, environment, sentence) => {
    const ended = await run(name, args, environment)
    expect(ended.code).toBe(1)
    expect(ended.stderr).toMatch(sentence)
    expect(ended.stderr).not.toMatch(/\n\s+at /)
  })

  async function createRoot(): Promise<void> {
    const client = createClient(services().zookeeper.connect)
    client.connect()
    await new Promise<void>((resolve, reject) => {
      client.create(chroot, Buffer.from('root'), 0, (error) => (error ? reject(error) : resolve()))
    })
    client.close()
  }
})
