import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { eventually } from '../../support/eventually.js'
import { ExamplePrograms } from '../../support/example-programs.js'
import { KafkaBench, messages } from '../../support/kafka.js'
import { keysOf } from '../../support/keys-of.js'

/** When the records of the tests begin; an accident comes after ten of them. */
const START_MS = Date.parse('2026-03-01T12:00:00Z')
const ACCIDENT = new Date(START_MS + 10_000).toISOString()

describe('the examples of jobs and services', () => {
  let bench: KafkaBench
  let programs: ExamplePrograms

  beforeAll(async () => {
    bench = new KafkaBench('kafka4')
    programs = await ExamplePrograms.create({ KAFKA_BROKERS: bench.brokers.join(','), SAMPLE: '1' })
  })

  afterAll(() => programs.close())

  /** A topic with 20 records, one a second. */
  async function newTopic(): Promise<string> {
    const topic = await bench.createTopic()
    const timed = messages(0, 20).map((message, index) => ({ ...message, timestamp: `${START_MS + index * 1_000}` }))
    await bench.produce(topic, [timed])
    return topic
  }

  /** Deletes the segments of an archive. */
  async function loseSegments(prefix: string): Promise<void> {
    const storage = programs.storage(prefix)
    for (const key of await keysOf(storage, 'topics/')) if (key.endsWith('.log')) await storage.delete(key)
  }

  it('archive every night, report, and delete old states only while all is well', async () => {
    const topic = await newTopic()
    const environment = { PREFIX: 'nightly' }
    const first = await programs.run('nightly-job', [topic], environment)
    expect(first).toMatchObject({ code: 0, stdout: expect.stringMatching(/^20 new records, \d+ bytes, checkpoint /) })
    expect(first.stdout).toMatch(new RegExp(`^${topic}-0 +0 +20 +20  yes$`, 'm'))
    const checkpoints = () => keysOf(programs.storage('nightly'), 'checkpoints/')
    expect(await programs.run('nightly-job', [topic], environment)).toMatchObject({ code: 0 })
    expect(await checkpoints()).toHaveLength(2)
    const soon = { ...environment, KEEP_DAYS: '0.000000001' }
    const pruned = await programs.run('nightly-job', [topic], soon)
    expect(pruned).toMatchObject({ code: 0, stdout: expect.stringMatching(/^0 findings\n[1-9]\d* bytes deleted /m) })
    expect(await checkpoints()).toHaveLength(1)
    await bench.produce(topic, [messages(20, 21)])
    await loseSegments('nightly')
    const alarmed = await programs.run('nightly-job', [topic], soon)
    expect(alarmed).toMatchObject({ code: 1, stderr: expect.stringContaining('nothing was deleted') })
    expect(await checkpoints()).toHaveLength(2)
  })

  it('follow topics as a service that tells how it is, and end in order', async () => {
    const topic = await newTopic()
    const { child, ended } = programs.start('follow-service', [topic], {
      ...{ PREFIX: 'service', PORT: '0', MAX_SEGMENT_AGE_MS: '1000' },
    })
    let printed = ''
    child.stdout?.on('data', (some: string) => {
      printed += some
    })
    const port = () => /^health on port (\d+)$/m.exec(printed)?.[1] ?? expect.fail(printed)
    const url = `http://127.0.0.1:${await eventually(port, { limitMs: 20_000 })}`
    const health = async () => {
      const response = await fetch(`${url}/health`)
      return { status: response.status, ...((await response.json()) as object) }
    }
    const well = { status: 200, healthy: true, stopping: false, lagRecords: 0, checkpoint: expect.stringMatching(/^2/) }
    await eventually(async () => expect(await health()).toMatchObject(well), { limitMs: 30_000 })
    expect(await fetch(`${url}/`)).toMatchObject({ status: 404 })
    const second = await programs.run('follow-service', [topic], { PORT: new URL(url).port })
    expect(second).toMatchObject({ code: 1, stderr: expect.stringContaining('EADDRINUSE') })
    await bench.produce(topic, [messages(20, 30)])
    child.kill('SIGTERM')
    expect(await ended).toMatchObject({ code: 0, stdout: expect.stringMatching(/^ended in order at checkpoint 2/m) })
  })

  it('restore a topic as it was before an instant, and search its archive for a key', async () => {
    const topic = await newTopic()
    const prefix = { PREFIX: 'accident' }
    expect(await programs.run('archive-topics', [topic], prefix)).toMatchObject({ code: 0 })
    const planned = await programs.run('restore-point-in-time', [topic, ACCIDENT], { ...prefix, PLAN: 'only' })
    expect(planned).toMatchObject({ code: 0, stdout: expect.stringContaining(`${topic} -> ${topic}-restored: create`) })
    const restored = await programs.run('restore-point-in-time', [topic, ACCIDENT], prefix)
    expect(restored).toMatchObject({ code: 0, stdout: expect.stringContaining('10 records of before ') })
    expect(await bench.offsets(`${topic}-restored`)).toMatchObject({ high: 10n })

    const found = await programs.run('find-key', [topic, 'key-7'], { ...prefix, KAFKA_BROKERS: '' })
    expect(found.code).toBe(0)
    const time = new Date(START_MS + 7_000).toISOString()
    expect(JSON.parse(found.stdout)).toEqual({ partition: 0, offset: '7', time, value: 'value-7' })
    const later = await programs.run('find-key', [topic, 'key-7'], { ...prefix, SINCE: ACCIDENT })
    expect(later).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('has the key key-7') })
  })

  it('copy a topic to another cluster, and compare the copy', async () => {
    const topic = await newTopic()
    const other = new KafkaBench('kafka39')
    const clusters = { SOURCE_BROKERS: bench.brokers.join(','), TARGET_BROKERS: other.brokers.join(',') }
    const environment = { PREFIX: 'copy', ...clusters }
    const copied = await programs.run('copy-topic', [topic], environment)
    expect(copied).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^20 records copied\nthe copy is the same$/m),
    })
    expect(await other.offsets(topic)).toMatchObject({ low: 0n, high: 20n })
    const [, checkpoint] = /^checkpoint (\S+)$/m.exec(copied.stdout) ?? []
    const again = await programs.run('copy-topic', [topic], { ...environment, CHECKPOINT: checkpoint })
    expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining('the copy is the same') })
    const conflict = await programs.run('copy-topic', [topic], environment)
    expect(conflict).toMatchObject({ code: 1, stderr: expect.stringMatching(/^TARGET_CONFLICT: /m) })
  })

  it('anonymise what they restore, and pass nothing that they do not understand', async () => {
    const topic = await bench.createTopic()
    const people = ['ada', 'bob', 'ada'].map((name) => ({
      key: name,
      value: JSON.stringify({ name, seen: [{ name }] }),
    }))
    await bench.produce(topic, [people])
    const environment = { PREFIX: 'anonymised', PSEUDONYM_SECRET: 'a secret' }
    await programs.run('archive-topics', [topic], environment)
    const restored = await programs.run('restore-anonymised', [topic, 'name'], environment)
    expect(restored).toMatchObject({ code: 0, stdout: `3 records are in ${topic}-anonymised\n` })
    const shown = await bench.shown(`${topic}-anonymised`, 3, ['key'])
    const [ada, bob, again] = shown.map((line) => line.split('\t')[0])
    expect(ada).toMatch(/^[0-9a-f]{16}$/)
    expect(again).toBe(ada)
    expect(bob).not.toBe(ada)
    expect(shown[0]).toBe(`${ada}\t${JSON.stringify({ name: ada, seen: [{ name: ada }] })}`)

    await bench.produce(topic, [[{ key: 'eve', value: 'eve, born in March' }]])
    await programs.run('archive-topics', [topic], environment)
    const refused = await programs.run('restore-anonymised', [topic, 'name'], { ...environment, TARGET: `${topic}-x` })
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('the value at offset 3 is not JSON') })
    expect(refused.stderr).not.toContain('born')
    expect(await bench.offsets(`${topic}-x`)).toMatchObject({ high: 3n })
  })

  it('page somebody when an archive is not complete, too old, or cannot be looked at', async () => {
    const topic = await newTopic()
    const pages: string[] = []
    const pager = createServer(async (request, response) => {
      pages.push(await text(request))
      response.writeHead(pages.length < 4 ? 200 : 500).end()
    }).listen(0, '127.0.0.1')
    onTestFinished(() => void pager.close())
    await once(pager, 'listening')
    const url = `http://127.0.0.1:${(pager.address() as AddressInfo).port}/`
    const environment = { PREFIX: 'paged', PAGE_URL: url, KAFKA_BROKERS: '' }
    await programs.run('archive-topics', [topic], { PREFIX: 'paged' })
    expect(await programs.run('verify-and-page', [], environment)).toMatchObject({ code: 0 })
    expect(pages).toEqual([])

    const paged = { code: 1, stderr: expect.stringContaining('somebody was paged') }
    expect(await programs.run('verify-and-page', [], { ...environment, MAX_AGE_HOURS: '0.000001' })).toMatchObject(
      paged,
    )
    expect(pages[0]).toContain('the newest checkpoint is of 2')
    await loseSegments('paged')
    expect(await programs.run('verify-and-page', [], environment)).toMatchObject(paged)
    expect(JSON.parse(pages[1] ?? '')).toEqual({
      text: expect.stringMatching(/attention:\nmissing: .*offsets 0 to 19/),
    })
    const unseen = { ...environment, BUCKET: 'no-such-bucket' }
    expect(await programs.run('verify-and-page', [], unseen)).toMatchObject(paged)
    expect(pages[2]).toContain('could not be verified')
    const unheard = { code: 1, stderr: expect.stringContaining('the page got HTTP 500') }
    expect(await programs.run('verify-and-page', [], unseen)).toMatchObject(unheard)
  })

  it.each([
    ['nightly-job', [], { MAX_MINUTES: 'all' }, /MAX_MINUTES must be a number above 0, got all/],
    ['follow-service', ['no-such-topic'], { PREFIX: 'service', PORT: '0' }, /^TOPIC_NOT_FOUND: .*\nhint: /m],
    ['restore-point-in-time', ['orders', '2026-11-24T11:58:00'], {}, /name a topic and an instant such as /],
    ['find-key', ['no-such-topic', 'key'], {}, /^NOT_IN_ARCHIVE: /m],
    ['find-key', ['orders'], {}, /name a topic and a key/],
    ['copy-topic', ['orders'], {}, /set the environment variable TARGET_BROKERS/],
    ['restore-anonymised', ['orders', 'name'], {}, /set the environment variable PSEUDONYM_SECRET/],
    ['verify-and-page', [], {}, /set the environment variable PAGE_URL/],
  ])('%s %j ends with one clear sentence and exit code 1 when %j', async (name, args, environment, sentence) => {
    const ended = await programs.run(name, args, environment)
    expect(ended.code).toBe(1)
    expect(ended.stderr).toMatch(sentence)
    expect(ended.stderr).not.toMatch(/\n\s+at /)
  })
})
