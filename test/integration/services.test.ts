import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { Kafka, logLevel } from 'kafkajs'
import { describe, expect, it, onTestFinished } from 'vitest'
import { fourLetterWord } from '../services/four-letter-word.js'
import { kafkaTool } from '../services/kafka-tool.js'
import { startKafka39 } from '../services/kafka39.js'
import { isAlive } from '../services/lock.js'
import { JavaProgramError } from '../services/run-java.js'
import { startZooKeeper } from '../services/zookeeper.js'
import { s3ClientOf } from '../support/s3-client.js'
import { services } from '../support/services.js'

async function topicsOf(brokers: string[]): Promise<string[]> {
  const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING }).admin()
  try {
    await admin.connect()
    return await admin.listTopics()
  } finally {
    await admin.disconnect()
  }
}

describe('the services of a test run', () => {
  it.each(['kafka39', 'kafka4'] as const)('have %s, whose topics can be listed', async (version) => {
    const { brokers } = services()[version]
    const topic = `services-test-${crypto.randomUUID()}`
    const bootstrap = ['--bootstrap-server', brokers.join(',')]
    await kafkaTool(version, 'topics', [...bootstrap, '--create', '--topic', topic])
    expect(await topicsOf(brokers)).toContain(topic)
  })

  it('have a ZooKeeper for the tests, beside the one of Kafka 3.9', async () => {
    const { zookeeper, kafka39 } = services()
    expect(await fourLetterWord(zookeeper.connect, 'srvr')).toContain('Mode: standalone')
    expect(zookeeper.connect).not.toBe(kafka39.zookeeper)
  })

  it('have an S3 that keeps an object', async () => {
    const client = s3ClientOf(services().s3)
    onTestFinished(() => client.destroy())
    const object = { Bucket: `services-test-${crypto.randomUUID()}`, Key: 'a/b' }
    await client.send(new CreateBucketCommand({ Bucket: object.Bucket }))
    await client.send(new PutObjectCommand({ ...object, Body: 'content' }))
    const { Body } = await client.send(new GetObjectCommand(object))
    expect(await Body?.transformToString()).toBe('content')
  })
})

describe('kafkaTool', () => {
  it('passes on input and output, with nothing of its own in between', async () => {
    const { brokers } = services().kafka4
    const topic = `services-test-${crypto.randomUUID()}`
    const common = ['--bootstrap-server', brokers.join(','), '--topic', topic]
    await kafkaTool('kafka4', 'topics', [...common, '--create'])
    await kafkaTool('kafka4', 'console-producer', common, { input: 'one\ntwo\n' })
    const { stdout } = await kafkaTool('kafka4', 'console-consumer', [
      ...common,
      '--from-beginning',
      '--max-messages',
      '2',
    ])
    expect(stdout).toBe('one\ntwo\n')
  })

  it('rejects with what a tool printed that did not end well', async () => {
    const failure = kafkaTool('kafka39', 'topics', ['--no-such-option'])
    await expect(failure).rejects.toBeInstanceOf(JavaProgramError)
    await expect(failure).rejects.toMatchObject({
      message: expect.stringContaining('ended with exit code 1'),
      stderr: expect.stringContaining('no-such-option is not a recognized option'),
    })
  })

  it('kills a tool that takes too long', async () => {
    const forever = ['--bootstrap-server', services().kafka4.brokers.join(','), '--topic', 'nothing-here']
    await expect(kafkaTool('kafka4', 'console-consumer', forever, { timeoutMs: 3_000 })).rejects.toThrow(
      'was killed after 3000 ms',
    )
  })
})

describe('a service started by a test', () => {
  it('has its data again when it is started on the same folder after a crash', async () => {
    const zookeeper = await startZooKeeper()
    onTestFinished(() => zookeeper.destroy())
    const first = await startKafka39({ zookeeper: zookeeper.connect })
    onTestFinished(() => first.destroy())
    await kafkaTool('kafka39', 'topics', ['--bootstrap-server', first.brokers.join(','), '--create', '--topic', 'kept'])
    await first.kill()
    expect(isAlive(first.pid)).toBe(false)

    const { port, dataDirectory } = first
    const second = await startKafka39({ zookeeper: zookeeper.connect, port, dataDirectory })
    onTestFinished(() => second.destroy())

    expect(second.brokers).toEqual(first.brokers)
    expect(await topicsOf(second.brokers)).toContain('kept')
    expect(existsSync(join(second.partitionsDirectory, 'kept-0'))).toBe(true)
  })

  it('ends when it is asked to, keeps its data, and loses it when it is destroyed', async () => {
    const zookeeper = await startZooKeeper()
    await zookeeper.stop()
    expect(isAlive(zookeeper.pid)).toBe(false)
    expect(existsSync(zookeeper.dataDirectory)).toBe(true)
    await zookeeper.destroy()
    expect(existsSync(zookeeper.dataDirectory)).toBe(false)
  })

  it('shows the end of its log when it cannot start', async () => {
    const failure = startZooKeeper({ properties: { clientPort: 'not a number' } })
    await expect(failure).rejects.toThrow(
      /^zookeeper did not start: it ended with exit code \d+\n--- end of .*NumberFormatException/s,
    )
  })
})
