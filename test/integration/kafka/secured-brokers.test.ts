import { rootCertificates } from 'node:tls'
import { inspect } from 'node:util'
import { Kafka, type KafkaConfig, logLevel, type Message } from 'kafkajs'
import { type ArchiveEvent, MemoryStorage, TopicArchiver, TopicRestorer, TransportError } from 'kafkeep'
import { KafkaJsTransport } from 'kafkeep/kafkajs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LOGIN, LOGIN_LIFETIME_MS, type SecuredKafka4, startSecuredKafka4 } from '../../services/secured-kafka4.js'
import { recordsIn, shortly } from '../../support/archiving.js'
import { eventually } from '../../support/eventually.js'
import { fetchInto, offsetsIn } from '../../support/fetch-into.js'
import { KafkaBench, messages } from '../../support/kafka.js'

/** How a client of a test is set up. */
type Settings = (service: SecuredKafka4) => KafkaConfig

const WRONG = 'not-her-secret'
const LOGINS_LIMIT_MS = 30_000
/** A client that is set up wrongly gets to know it within this time. */
const ERROR_LIMIT_MS = 10_000
/** Large batches with small ones between them: many more bytes than one answer brings. */
const BATCHES: readonly (readonly Message[])[] = Array.from({ length: 12 }, (_, index) => {
  const [large, ...small] = messages(10 * index, 10 * (index + 1))
  return [[{ ...large, value: `large-${index}`.padEnd(600_000, ' ') }], small]
}).flat()
const EXPECTED = BATCHES.flat().map(({ value }, offset) => `${offset} ${String(value).trimEnd()}`)
/** So few that a login does not last until all of them are restored. */
const SLOW_BYTES_PER_SECOND = 1_500_000

const TLS: Settings = ({ tls, ca }) => ({ brokers: [tls], ssl: { ca: [ca] } })
const MUTUAL: Settings = ({ mutualTls, ca, client }) => ({ brokers: [mutualTls], ssl: { ca: [ca], ...client } })

function loginBy(mechanism: 'plain' | 'scram-sha-512', login: { username: string; password: string }): Settings {
  // Kafkajs types the settings of each mechanism apart, although those of the two are the same.
  const sasl = mechanism === 'plain' ? { mechanism, ...login } : { mechanism, ...login }
  return (service) => ({ brokers: [service.login], ssl: { ca: [service.ca] }, sasl })
}

/** The error that no repetition helps against. */
function lasting(hint: string) {
  return { retryable: false, hint: expect.stringContaining(hint) }
}

describe('brokers that want TLS or a login', () => {
  let service: SecuredKafka4
  let bench: KafkaBench

  beforeAll(async () => {
    service = await startSecuredKafka4()
    bench = new KafkaBench('kafka4', service.brokers)
  })
  afterAll(async () => {
    await service?.destroy()
  })

  /** A client, and what its own log says that brokers did to it. */
  function clientOf(settings: Settings) {
    const said: string[] = []
    const logCreator = () => (entry: { readonly log: { readonly message: string } }) =>
      void said.push(entry.log.message)
    const kafka = new Kafka({
      clientId: 'test',
      logLevel: logLevel.DEBUG,
      logCreator,
      retry: { initialRetryTime: 50, retries: 5 },
      reauthenticationThreshold: LOGIN_LIFETIME_MS / 2,
      ...settings(service),
    })
    const count = (message: RegExp) => said.filter((known) => message.test(known)).length
    return {
      kafka,
      logins: () => count(/authentication successful/),
      closedByBroker: () => count(/server has closed connection/),
    }
  }

  /** What one run archives. */
  async function archived(kafka: KafkaJsTransport, topic: string): Promise<MemoryStorage> {
    const storage = new MemoryStorage()
    await new TopicArchiver({ kafka, storage }).run({ topics: [topic], groups: false })
    return storage
  }

  it.each([
    ['TLS', TLS],
    ['TLS, and a certificate of the client', MUTUAL],
    ['TLS, and a login', loginBy('plain', LOGIN)],
  ])('are archived and restored through %s, answers straight into lent memory', async (_, settings) => {
    const topic = await bench.createTopic()
    await bench.produce(topic, BATCHES)
    const { kafka: client } = clientOf(settings)
    const memory = Buffer.alloc(8_388_608)
    const answer = await fetchInto(client, topic, memory)
    // Not `toBe`, which would show all bytes of both.
    expect(answer?.bytes.buffer === memory.buffer).toBe(true)
    expect(offsetsIn(answer).at(-1)).toBe(BigInt(EXPECTED.length))
    expect(offsetsIn(answer)).not.toContain(-1n)

    await using kafka = new KafkaJsTransport(client)
    const target = `${topic}-r`
    const storage = await archived(kafka, topic)
    expect(shortly(await recordsIn(storage, { topic }))).toEqual(EXPECTED)
    await new TopicRestorer({ kafka, storage }).run({ topics: [topic], rename: () => target })
    expect(shortly(await recordsIn(await archived(kafka, target), { topic: target }))).toEqual(EXPECTED)
  })

  it('are followed and restored while logins run out again and again', async () => {
    const topic = await bench.createTopic()
    await bench.produce(topic, BATCHES.slice(0, 12))
    const { kafka: client, logins, closedByBroker } = clientOf(loginBy('scram-sha-512', LOGIN))
    await using kafka = new KafkaJsTransport(client)
    const storage = new MemoryStorage()
    await following(kafka, storage, topic, async (events) => {
      await eventually(() => expect(logins()).toBeGreaterThan(5), { limitMs: LOGINS_LIMIT_MS })
      await bench.produce(topic, BATCHES.slice(12))
      const end = { type: 'segment', next: BigInt(EXPECTED.length) }
      await eventually(() => expect(events).toContainEqual(expect.objectContaining(end)), { limitMs: LOGINS_LIMIT_MS })
    })
    expect(shortly(await recordsIn(storage, { topic }))).toEqual(EXPECTED)

    const before = logins()
    const target = `${topic}-r`
    const slowly = { rename: () => target, bytesPerSecond: SLOW_BYTES_PER_SECOND }
    await new TopicRestorer({ kafka, storage }).run({ topics: [topic], ...slowly })
    expect(logins()).toBeGreaterThan(before)
    expect(shortly(await recordsIn(await archived(kafka, target), { topic: target }))).toEqual(EXPECTED)
    // Brokers drop who goes on with a login that has run out.
    expect(closedByBroker()).toBe(0)
  })

  it('end a run that goes on when its password has been changed', async () => {
    const topic = await bench.createTopic()
    const login = { username: 'bob', password: 'bob-has-a-secret' }
    await service.setPassword(login)
    const { kafka: client, logins } = clientOf(loginBy('scram-sha-512', login))
    await using kafka = new KafkaJsTransport(client)
    const run = following(kafka, new MemoryStorage(), topic, async () => {
      await eventually(() => expect(logins()).toBeGreaterThan(1), { limitMs: LOGINS_LIMIT_MS })
      await service.setPassword({ ...login, password: WRONG })
      // Only the run itself ends now.
      await new Promise(() => {})
    })
    await expect(run).rejects.toMatchObject({ code: 'TRANSPORT_FAILED', hint: expect.stringContaining('`sasl`') })
  })

  /** A run in the background that ends when `use` does, or by itself. */
  async function following(
    kafka: KafkaJsTransport,
    storage: MemoryStorage,
    topic: string,
    use: (events: readonly ArchiveEvent[]) => Promise<void>,
  ): Promise<void> {
    const stop = new AbortController()
    const events: ArchiveEvent[] = []
    const archiver = new TopicArchiver({ kafka, storage, maxSegmentAgeMs: 1_000 })
    const ended = (async () => {
      const run = archiver.stream({ topics: [topic], follow: true, stop: stop.signal, groups: false })
      for await (const event of run) events.push(event)
    })()
    // Whatever goes wrong in it is seen at the end.
    ended.catch(() => {})
    await Promise.race([use(events), ended])
    stop.abort()
    await ended
  }

  it.each<readonly [string, Settings, object]>([
    [
      'trusts another authority',
      ({ tls }) => ({ brokers: [tls], ssl: { ca: rootCertificates.slice(0, 1) } }),
      lasting('`ssl.ca`'),
    ],
    [
      'expects another name',
      (at) => ({ brokers: [at.tls], ssl: { ca: [at.ca], servername: 'other' } }),
      lasting('`ssl.servername`'),
    ],
    [
      'has no certificate of its own',
      ({ mutualTls, ca }) => ({ brokers: [mutualTls], ssl: { ca: [ca] } }),
      lasting('`ssl.cert`'),
    ],
    ['does not speak TLS', ({ tls }) => ({ brokers: [tls] }), { hint: expect.stringContaining('`ssl`') }],
    [
      'speaks TLS where nobody does',
      ({ brokers, ca }) => ({ brokers, ssl: { ca: [ca] } }),
      { hint: expect.stringContaining('`ssl`') },
    ],
    ['has a wrong password (PLAIN)', loginBy('plain', { ...LOGIN, password: WRONG }), lasting('`sasl`')],
    ['has a wrong password (SCRAM)', loginBy('scram-sha-512', { ...LOGIN, password: WRONG }), lasting('`sasl`')],
    [
      'logs in where nobody does',
      (at) => ({ ...loginBy('plain', LOGIN)(at), brokers: [at.tls] }),
      { ...lasting('`sasl`'), reason: 'ILLEGAL_SASL_STATE' },
    ],
  ])(
    'tell a client that %s what is wrong, soon, and without its password',
    async (_, settings, expected) => {
      await using kafka = new KafkaJsTransport(clientOf(settings).kafka)
      const run = new TopicArchiver({ kafka, storage: new MemoryStorage() }).run({ topics: ['any'] })
      const error: unknown = await run.catch((caught: unknown) => caught)
      expect(error).toBeInstanceOf(TransportError)
      expect(error).toMatchObject(expected)
      expect(inspect(error, { depth: null, showHidden: true })).not.toMatch(new RegExp(`${WRONG}|${LOGIN.password}`))
    },
    ERROR_LIMIT_MS,
  )
})
