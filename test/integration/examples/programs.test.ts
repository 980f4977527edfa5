import { randomUUID } from 'node:crypto'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createClient } from 'node-zookeeper-client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../../support/eventually.js'
import { ExamplePrograms } from '../../support/example-programs.js'
import { KafkaBench, messages } from '../../support/kafka.js'
import { services } from '../../support/services.js'
import { putFiles, spredfastFiles } from '../../support/spredfast-fixtures.js'
import { temporaryFolders } from '../../support/temporary-folders.js'

const newFolder = temporaryFolders()

describe('the example programs', () => {
  const chroot = `/examples-${randomUUID().slice(0, 8)}`
  let bench: KafkaBench
  let programs: ExamplePrograms

  beforeAll(async () => {
    bench = new KafkaBench('kafka4')
    programs = await ExamplePrograms.create({
      KAFKA_BROKERS: bench.brokers.join(','),
      ZOOKEEPER_CONNECT: `${services().zookeeper.connect}${chroot}`,
    })
    await createRoot()
  })

  afterAll(() => programs.close())

  it('archive a topic and restore it after it was lost', async () => {
    const topic = await bench.createTopic(2)
    await bench.produce(topic, [messages(0, 20)])
    const archived = await programs.run('archive-topics', [topic])
    expect(archived).toMatchObject({ code: 0 })
    expect(archived.stdout).toMatch(/20 new records, checkpoint \d{8}T/)
    const folder = await newFolder()
    for (const name of [`${topic}-0`, `${topic}-1`, `${topic}-eu-2`]) await mkdir(join(folder, name))
    const exported = await programs.run('export-logs', [folder, topic])
    const ofFirst = `${join(folder, topic)}-0: offsets 0 to 20, 1 files`
    expect(exported).toMatchObject({ code: 0, stdout: expect.stringContaining(`${ofFirst}\n`) })
    expect(await readdir(join(folder, `${topic}-0`))).toEqual(['00000000000000000000.log'])
    const [, checkpoint] = /checkpoint (\S+)/.exec(archived.stdout) ?? []
    const seen = await programs.run('look-at-archive', [topic], { KAFKA_BROKERS: '' })
    expect(seen).toMatchObject({ code: 0 })
    expect(seen.stdout).toContain(`checkpoint ${checkpoint}: 1 topics of cluster `)
    expect(seen.stdout).toMatch(new RegExp(`^topic ${topic}: id \\S+, first seen `, 'm'))
    expect(seen.stdout.match(/offsets 0 to \d+, \d+ records/g)).toHaveLength(2)
    await bench.admin((admin) => admin.deleteTopics({ topics: [topic] }))
    const planned = await programs.run('restore-topics', [topic], { PLAN: 'only', CHECKPOINT: checkpoint })
    expect(planned).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/: create, 2 partitions, offsets exact .*\n$/),
    })
    const restored = await programs.run('restore-topics', [topic])
    expect(restored).toMatchObject({ code: 0 })
    expect(restored.stdout).toContain(`${topic}: ready\n`)
    expect(restored.stdout).toContain(`${topic}: done\n20 records restored`)
    expect(await bench.shown(topic, 20)).toEqual(messages(0, 20).map(({ value }) => value))
  })

  it('turn a bucket of the spredfast connector into an archive', async () => {
    await putFiles(programs.storage('old'), '', await spredfastFiles('bin-keys'))
    const environment = { OLD_PREFIX: 'old', PREFIX: 'native', KEYS: '1', KAFKA_BROKERS: '' }
    const converted = await programs.run('convert-spredfast', ['golden'], environment)
    expect(converted).toMatchObject({ code: 0, stdout: expect.stringMatching(/^golden-0 +0 +49 +49 +yes$/m) })
    const seen = await programs.run('look-at-archive', [], environment)
    expect(seen.stdout).toContain('golden-1: offsets 0 to 29, 29 records\n')
  })

  it('follow a topic until they are asked to end', async () => {
    const topic = await bench.createTopic()
    const { child, ended } = programs.start('follow-topics', [topic], { MAX_SEGMENT_AGE_MS: '1000' })
    let printed = ''
    child.stdout?.on('data', (text: string) => {
      printed += text
    })
    await bench.produce(topic, [messages(0, 20)])
    const stored = `${topic}-0: offsets 0 to 20 are stored, 20 records`
    await eventually(() => expect(printed).toContain(stored), { limitMs: 40_000 })
    child.kill('SIGTERM')
    expect(await ended).toMatchObject({ code: 0, stdout: expect.stringMatching(/^checkpoint \d{8}T/m) })
  })

  it('take a snapshot of ZooKeeper and bring it back', async () => {
    expect(await programs.run('snapshot-zookeeper', [])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('exact'),
    })
    expect(await programs.run('restore-zookeeper', [])).toMatchObject({ code: 0 })
  })

  it('list, verify, compare and prune snapshots of ZooKeeper', async () => {
    const prefix = { PREFIX: 'snapshots' }
    for (const _ of ['older', 'newer'])
      expect(await programs.run('snapshot-zookeeper', [], prefix)).toMatchObject({ code: 0 })
    const seen = await programs.run('look-at-snapshots', [], prefix)
    expect(seen.code).toBe(0)
    const [older = '', newer = ''] = [...seen.stdout.matchAll(/^snapshot (\S+): \d+ znodes/gm)].map(([, id]) => id)
    expect(await programs.run('look-at-snapshots', [older, 'latest'], prefix)).toMatchObject({ code: 0, stdout: '' })
    const rules = { ...prefix, LAST: '1', DAILY: '1', WEEKLY: '1' }
    const told = await programs.run('prune-snapshots', [], { ...rules, DRY_RUN: '1' })
    expect(told.stdout).toMatch(new RegExp(`^would delete znodes/${older}\\.znodes\\.jsonl, \\d+ bytes\n$`))
    expect(await programs.run('prune-snapshots', [], rules)).toMatchObject({ code: 0 })
    expect((await programs.run('look-at-snapshots', [], prefix)).stdout).toMatch(new RegExp(`^snapshot ${newer}:.*\n$`))
  })

  it.each([
    ['archive-topics', ['no-such-topic'], {}, /^TOPIC_NOT_FOUND: .*\nhint: /m],
    ['archive-topics', [], { KAFKA_BROKERS: '127.0.0.1:1' }, /^TRANSPORT_FAILED: .*\nhint: /m],
    ['archive-topics', [], { BUCKET: 'no-such-bucket' }, /^STORAGE_FAILED: .*\nhint: /m],
    ['archive-topics', [], { AWS_SECRET_ACCESS_KEY: 'wrong' }, /^STORAGE_FAILED: .*\nhint: /m],
    ['restore-topics', [], { CHECKPOINT: 'no-such-one' }, /^NOT_IN_ARCHIVE: .*\nhint: /m],
    ['export-logs', ['/', 'no-such-topic'], {}, /has no partition of no-such-topic: create the topic first/],
    ['restore-topics', [], { OFFSETS: 'same' }, /`offsets` must be one of /],
    ['look-at-archive', [], { PREFIX: 'nothing-here' }, /^NOT_IN_ARCHIVE: /m],
    ['snapshot-zookeeper', [], { ZOOKEEPER_CONNECT: '' }, /set the environment variable ZOOKEEPER_CONNECT/],
  ])('%s %j ends with one clear sentence and exit code 1 when %j', async (name, args, environment, sentence) => {
    const ended = await programs.run(name, args, environment)
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
