import {
  binaryFraming,
  convertArchive,
  exportLogDirectory,
  kafkeepLayout,
  logSegments,
  MemoryStorage,
  TopicArchive,
  TopicArchiver,
  TopicRestorer,
} from 'kafkeep'
import { describe, expect, it } from 'vitest'
import { fakeKafka } from '../support/fake-kafka.js'

const kafka = fakeKafka({
  async close() {},
  metadata: () => Promise.reject(new Error('nothing may be asked before options are checked')),
  fetch: () => Promise.reject(new Error('nothing may be asked before options are checked')),
  produce: () => Promise.reject(new Error('nothing may be asked before options are checked')),
})
const storage = new MemoryStorage()
const MIB = 1_048_576

/** What a caller without types may pass. */
function untyped<T extends object>(value: unknown): T {
  return value as T
}

/** Options that are no object. */
const NO_OBJECTS: readonly unknown[] = [null, 'x', 7, true]

/** A codec with something that is not what it must be. */
function codecWith(changes: object): object {
  return { ...logSegments(), ...changes }
}

const WRONG_PORTS: readonly unknown[] = [undefined, null, {}, 'x', { get() {} }]

/** For each option what it must not be. */
type Rows = Readonly<Record<string, readonly unknown[]>>

const ARCHIVER: Rows = {
  unknown: [1, undefined],
  codecs: [[]],
  kafka: WRONG_PORTS,
  storage: WRONG_PORTS,
  codec: [
    ...['gzip', {}, codecWith({ encode: undefined })],
    ...['log', '.', '', '.lo g', '.a/b', '.aborted.json', undefined].map((extension) => codecWith({ extension })),
  ],
  groupId: ['', 7],
  segmentBytes: [0, MIB - 1, 1.5 * MIB + 0.5, 128 * MIB + 1, Number.NaN, '2097152'],
  maxSegmentAgeMs: [0, 999, 1_000.5, '60000', Number.POSITIVE_INFINITY],
  memoryBytes: [0, 8 * MIB - 1, Number.POSITIVE_INFINITY, '268435456', 2 ** 60],
}
const ARCHIVE_JOB: Rows = {
  topic: ['orders'],
  topics: ['orders', [''], [7], {}, null],
  groups: ['yes', 1],
  follow: ['yes', 1],
  share: ['yes', 1],
  stop: [{}, new AbortController(), null],
  checkpointIntervalMs: [0, 999, 1_000.5, '60000', Number.NaN, -1],
  onGap: ['stop', true],
  onDivergence: ['stop', ''],
  signal: [{}, new AbortController(), null],
  onProgress: [{}, 'log', null],
}
const RESTORER: Rows = {
  codec: [logSegments()],
  kafka: WRONG_PORTS,
  storage: WRONG_PORTS,
  state: [{}, 'x'],
  codecs: [7, [{}], [null], {}],
  maxInFlight: [0, 6, 1.5, '5', Number.NaN],
}
const RESTORE_JOB: Rows = {
  toipcs: [['orders']],
  topics: ['orders', [''], null],
  rename: ['x', 7, null, { orders: 7 }],
  checkpoint: ['', 7, null, {}, { before: '2026-11-23' }, { before: new Date(Number.NaN) }],
  offsets: ['same', true],
  groups: ['yes', 1],
  onDamage: ['stop', true],
  configs: ['x', true, ['a'], { 'retention.ms': 5 }, { 'retention.ms': null }],
  replicationFactor: [0, -1, 1.5, 32_768, '3', null],
  partitions: [0, -1, 1.5, 2 ** 31, '3', null],
  onExisting: ['overwrite', true],
  abandon: ['yes', 1],
  signal: [{}, null],
  onProgress: [7],
}
const ARCHIVE: Rows = {
  prefix: ['x'],
  storage: WRONG_PORTS,
  codecs: [7, [{}]],
}
const RANGE: Rows = {
  offset: [5n],
  topic: [undefined, '', 7],
  partition: [undefined, -1, 1.5, '0'],
  topicId: ['', 7],
  checkpoint: ['', {}, 7],
  from: [-1n, 5, '5', 2n ** 63n],
  to: [-1n, 2n ** 63n],
  signal: [{}],
}
const RECORDS: Rows = {
  ...RANGE,
  isolation: ['all', ''],
  since: ['yesterday', 0, new Date(Number.NaN)],
  until: ['tomorrow', new Date(Number.NaN)],
}
const EXPORT: Rows = {
  topicId: ['x'],
  storage: WRONG_PORTS,
  topic: [undefined, '', 7],
  partition: [undefined, -1, 1.5, '0'],
  directory: [undefined, '', 7],
  checkpoint: ['', 7, null, {}, { before: '2026-11-23' }],
  segmentBytes: [0, MIB - 1, 1024 * MIB + 1, '1073741824', Number.NaN],
  codecs: [7, [{}], [null]],
  signal: [{}, null],
  onProgress: [7],
}

const CONVERT: Rows = {
  checkpoint: ['latest'],
  storage: WRONG_PORTS,
  layout: [undefined, null, {}, 'spredfast'],
  to: WRONG_PORTS,
  codec: ['gzip', {}],
  topics: ['orders', [''], null],
  segmentBytes: [0, MIB - 1, 1024 * MIB + 1, '1048576', Number.NaN],
  signal: [{}, null],
  onProgress: [7],
}

function each(rows: Rows): [string, unknown][] {
  return Object.entries(rows).flatMap(([name, values]) => values.map((value): [string, unknown] => [name, value]))
}

/** Wrong arguments are a TypeError or a RangeError, without a code, that names the option. */
function expectWrong(call: () => unknown, name: string): void {
  let error: unknown
  try {
    call()
  } catch (caught) {
    error = caught
  }
  expect([TypeError, RangeError]).toContain(error?.constructor)
  expect(error).not.toHaveProperty('code')
  expect(error).toMatchObject({ message: expect.stringContaining(name) })
}

const wiring = { kafka, storage }
const range = { topic: 'orders', partition: 0 }

describe('wiring that is wrong is refused at once', () => {
  it.each(each(ARCHIVER))('by TopicArchiver: %s = %o', (name, value) => {
    expectWrong(() => new TopicArchiver(untyped({ ...wiring, [name]: value })), name)
  })

  it.each(each(RESTORER))('by TopicRestorer: %s = %o', (name, value) => {
    expectWrong(() => new TopicRestorer(untyped({ ...wiring, [name]: value })), name)
  })

  it.each(each(ARCHIVE))('by TopicArchive: %s = %o', (name, value) => {
    expectWrong(() => new TopicArchive(untyped({ storage, [name]: value })), name)
  })

  it.each([undefined, ...NO_OBJECTS])('when it is %o', (options) => {
    for (const verb of [TopicArchiver, TopicRestorer, TopicArchive]) {
      expectWrong(() => new verb(untyped(options)), 'options object')
    }
  })

  it('and what is right is taken, explicit undefined too', () => {
    const tuning = { segmentBytes: 4 * MIB, memoryBytes: 8 * MIB, codec: binaryFraming({ keys: true }) }
    expect(() => new TopicArchiver({ ...wiring, ...tuning, groupId: undefined })).not.toThrow()
    expect(() => new TopicArchiver({ ...wiring, memoryBytes: 8 * MIB })).not.toThrow()
    expect(() => new TopicRestorer({ ...wiring, maxInFlight: 1, codecs: undefined, state: undefined })).not.toThrow()
    expect(() => new TopicArchive({ storage, codecs: [logSegments()] })).not.toThrow()
  })
})

describe('a job that is wrong is refused at once, before anything is asked', () => {
  const archiver = new TopicArchiver(wiring)
  const restorer = new TopicRestorer(wiring)

  it.each(each(ARCHIVE_JOB))('by TopicArchiver: %s = %o', async (name, value) => {
    const options = untyped<object>({ [name]: value })
    expectWrong(() => archiver.stream(options), name)
    await expect(archiver.run(options)).rejects.toThrow(name)
  })

  it.each(each(RESTORE_JOB))('by TopicRestorer: %s = %o', async (name, value) => {
    const options = untyped<object>({ [name]: value })
    expectWrong(() => restorer.stream(options), name)
    await expect(restorer.run(options)).rejects.toThrow(name)
    await expect(restorer.plan(options)).rejects.toThrow(name)
  })

  it.each(NO_OBJECTS)('when it is %o', (options) => {
    expectWrong(() => archiver.stream(untyped(options)), 'options object')
    expectWrong(() => restorer.stream(untyped(options)), 'options object')
  })
})

describe('a question to TopicArchive that is wrong is refused at once', () => {
  const archive = new TopicArchive({ storage })

  it.each(each(RANGE))('about a range: %s = %o', (name, value) => {
    const options = untyped<typeof range>({ ...range, [name]: value })
    expectWrong(() => archive.segments(options), name)
    expectWrong(() => archive.batches(options), name)
  })

  it.each(each(RECORDS))('about records: %s = %o', (name, value) => {
    expectWrong(() => archive.records(untyped({ ...range, [name]: value })), name)
  })

  it('about topics and checkpoints', () => {
    for (const options of [{ signal: {} }, { onProgress: 7 }]) {
      const [name = ''] = Object.keys(options)
      expectWrong(() => archive.topics(untyped(options)), name)
      expectWrong(() => archive.checkpoints(untyped(options)), name)
    }
    expectWrong(() => archive.topics(untyped({ topics: [] })), 'topics')
    expectWrong(() => archive.checkpoints(untyped({ last: 1 })), 'last')
  })

  it('about the partitions of a topic', async () => {
    await expect(archive.partitions('')).rejects.toThrow('`topic`')
    await expect(archive.partitions('orders', untyped({ topicid: 'x' }))).rejects.toThrow('topicid')
    await expect(archive.partitions('orders', untyped({ topicId: 7 }))).rejects.toThrow('topicId')
  })
})

describe('a conversion that is wrong is refused at once', () => {
  it.each(each(CONVERT))('%s = %o', (name, value) => {
    const right = { storage, layout: kafkeepLayout(), to: storage }
    expectWrong(() => convertArchive(untyped({ ...right, [name]: value })), name)
  })
})

describe('an export that is wrong is refused before anything is read', () => {
  const unreadable = new Proxy(storage, {
    get(target, name) {
      const refuse = () => expect.unreachable(`${String(name)} was called`)
      return typeof Reflect.get(target, name) === 'function' ? refuse : undefined
    },
  })

  it.each(each(EXPORT))('%s = %o', async (name, value) => {
    const right = { storage: unreadable, topic: 'orders', partition: 0, directory: '/nowhere' }
    const error: unknown = await exportLogDirectory(untyped({ ...right, [name]: value })).catch((caught) => caught)
    expect([TypeError, RangeError]).toContain(error?.constructor)
    expect(error).toMatchObject({ message: expect.stringContaining(name) })
  })
})
