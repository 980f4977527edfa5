import { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } from 'kafkajs'
import { kafkaTransientZnodes, MemoryStorage, ZnodeArchive, ZnodeRestorer, ZnodeSnapshotter } from 'kafkeep'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually } from '../../support/eventually.js'
import { messages } from '../../support/kafka.js'
import { collected } from '../../support/znode-arbitrary.js'
import { type SeededNode, seed, transportTo } from '../../support/znodes.js'
import { ZooKeeperKafka } from '../../support/zookeeper-kafka.js'

const PENDING: readonly SeededNode[] = [
  { path: '/admin/delete_topics/orders' },
  {
    path: '/admin/reassign_partitions',
    data: '{"version":1,"partitions":[{"topic":"orders","partition":0,"replicas":[1099]}]}',
  },
  { path: '/admin/preferred_replica_election', data: '{"version":1,"partitions":[{"topic":"orders","partition":0}]}' },
]
const RETENTION = { 'retention.ms': '777000000', 'max.message.bytes': '2000000' }

/** Kafka 3.9.2 in ZooKeeper mode. Each test goes on with the cluster that the one before it has left. */
describe('Kafka that keeps its state in ZooKeeper', () => {
  const storage = new MemoryStorage()
  let cluster: ZooKeeperKafka

  beforeAll(async () => {
    cluster = await ZooKeeperKafka.start()
    const { bench } = cluster
    await bench.createTopicNamed('orders', 1, RETENTION)
    await bench.createTopicNamed('secrets', 1)
    await bench.produce('orders', [messages(0, 100)])
    await cluster.tool('configs', [
      ...['--alter', '--entity-type', 'users', '--entity-name', 'alice'],
      ...['--add-config', 'SCRAM-SHA-512=[iterations=4096,password=wonderland]'],
    ])
    await bench.admin((admin) =>
      admin.createAcls({
        acl: [
          {
            principal: 'User:alice',
            host: '*',
            operation: AclOperationTypes.DESCRIBE,
            permissionType: AclPermissionTypes.ALLOW,
            resourceType: AclResourceTypes.TOPIC,
            resourceName: 'orders',
            resourcePatternType: ResourcePatternTypes.LITERAL,
          },
        ],
      }),
    )
  })

  afterAll(() => cluster?.destroy())

  const childrenOf = async (path: string) =>
    [...((await transportTo(cluster.connect).read(path))?.children ?? [])].sort()
  const textAt = async (path: string) =>
    Buffer.from((await transportTo(cluster.connect).read(path))?.data ?? []).toString()
  const restorer = () => new ZnodeRestorer({ zookeeper: transportTo(cluster.connect), storage })
  const snapshot = async () => new ZnodeSnapshotter({ zookeeper: transportTo(cluster.connect), storage }).run()

  /** Reads `records` records as a member of the group, and commits. */
  async function consume(records: number): Promise<string[]> {
    const printed = await cluster.tool('console-consumer', [
      ...['--topic', 'orders', '--group', 'billing', '--max-messages', String(records)],
      ...['--consumer-property', 'auto.offset.reset=earliest', '--timeout-ms', '30000'],
    ])
    return printed.split('\n').filter((line) => line !== '')
  }

  /** What alice is told when she asks for a topic with a password. */
  async function askedBy(password: string, topic: string): Promise<string> {
    const admin = cluster.clientOf('alice', password).admin()
    try {
      await admin.connect()
      const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
      return `${topics[0]?.partitions.length} partition`
    } catch (error) {
      return (error as { type?: string; name: string }).type ?? (error as Error).name
    } finally {
      await admin.disconnect()
    }
  }

  async function ownConfigs(topic: string): Promise<string> {
    return cluster.tool('configs', ['--describe', '--entity-type', 'topics', '--entity-name', topic])
  }

  async function expectEverythingInForce(): Promise<void> {
    for (const [name, value] of Object.entries(RETENTION)) {
      expect(await ownConfigs('orders')).toContain(`${name}=${value} `)
    }
    expect(await askedBy('wonderland', 'orders')).toBe('1 partition')
    expect(await askedBy('wrong', 'orders')).toBe('KafkaJSSASLAuthenticationError')
    expect(await askedBy('wonderland', 'secrets')).toBe('TOPIC_AUTHORIZATION_FAILED')
  }

  it('loses ZooKeeper alone, gets it back before its broker starts, and goes on as if nothing had happened', async () => {
    await expectEverythingInForce()
    const first = await consume(40)
    const clusterId = await textAt('/cluster/id')
    const [broker] = await childrenOf('/brokers/ids')
    expect(broker).toBe('1001')
    expect((await snapshot()).ephemerals).toBeGreaterThan(1)
    await cluster.loseZooKeeper()

    const { created, failed } = await restorer().run({ exclude: kafkaTransientZnodes })
    expect(failed).toEqual([])
    expect(created).toBeGreaterThan(40)
    expect(await childrenOf('/brokers/ids')).toEqual([])
    expect(await childrenOf('/')).not.toContain('controller')
    expect(await textAt('/cluster/id')).toBe(clusterId)

    await cluster.startBroker()
    const rest = await consume(60)
    expect([...first, ...rest]).toEqual(messages(0, 100).map(({ value }) => value))
    await expectEverythingInForce()
  })

  it('gives a new broker the next id, and none that is taken', async () => {
    await cluster.startNewcomer()
    expect(await childrenOf('/brokers/ids')).toEqual(['1001', '1002'])
    await cluster.removeNewcomer()
  })

  it('takes changes of configs again, numbered behind those of before', async () => {
    const archived = await collected(new ZnodeArchive({ storage }).nodes('latest'))
    const counter = archived.find(({ path }) => path === '/config/changes')?.sequence ?? 0
    expect(counter).toBeGreaterThan(0)
    await cluster.tool('configs', [
      ...['--alter', '--entity-type', 'topics', '--entity-name', 'secrets', '--add-config', 'retention.ms=5000000'],
    ])
    expect(await childrenOf('/config/changes')).toEqual([`config_change_${String(counter).padStart(10, '0')}`])
    expect(await ownConfigs('secrets')).toContain('retention.ms=5000000 ')
  })

  it('is not disturbed by a restore while it runs, which brings back only what is missing', async () => {
    await snapshot()
    const zookeeper = transportTo(cluster.connect)
    const [state, registered] = [await textAt('/brokers/topics/orders/partitions/0/state'), '/brokers/ids/1001']
    const epoch = (await zookeeper.stat(registered))?.createdZxid
    for (const path of ['/config/users/alice', '/config/topics/orders', '/kafka-acl/Topic/orders']) {
      expect(await zookeeper.commit([{ type: 'delete', path, version: -1 }])).toEqual({ committed: true })
    }
    const { created, updated, failed } = await restorer().run({ exclude: kafkaTransientZnodes })
    expect({ created, updated, failed }).toEqual({ created: 3, updated: 0, failed: [] })
    expect((await zookeeper.stat(registered))?.createdZxid).toBe(epoch)
    expect(await textAt('/brokers/topics/orders/partitions/0/state')).toBe(state)
    await cluster.bench.produce('orders', [messages(100, 110)])
    expect(await consume(10)).toHaveLength(10)
    // Only now it reads everything anew.
    await cluster.stopBroker()
    await cluster.startBroker()
    await expectEverythingInForce()
  })

  it('never carries out again the commands that were pending, unless they are asked for', async () => {
    await cluster.stopBroker()
    await seed(transportTo(cluster.connect), PENDING)
    await snapshot()
    const held = (await collected(new ZnodeArchive({ storage }).nodes('latest'))).map(({ path }) => path)
    for (const { path } of PENDING) expect(held).toContain(path)
    await cluster.loseZooKeeper()
    expect(await restorer().run({ exclude: kafkaTransientZnodes })).toMatchObject({ failed: [] })
    expect(await childrenOf('/admin')).toEqual(['delete_topics'])
    expect(await childrenOf('/admin/delete_topics')).toEqual([])
    await cluster.startBroker()
    expect(await cluster.bench.offsets('orders')).toEqual({ low: 0n, high: 110n })

    await restorer().run({ paths: ['/admin/delete_topics'] })
    await eventually(async () => expect(await childrenOf('/brokers/topics')).not.toContain('orders'), {
      limitMs: 30_000,
    })
  })
})
