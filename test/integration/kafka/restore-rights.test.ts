import { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } from 'kafkajs'
import { MemoryStorage, TopicArchiver, TopicRestorer } from 'kafkeep'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startKafka4 } from '../../services/kafka4.js'
import type { KafkaService } from '../../services/service.js'
import { KafkaBench, messages } from '../../support/kafka.js'
import { ownConfigs } from '../../support/own-configs.js'

/** Everybody may do everything, except where somebody was given a right: then nobody else has any. */
const AUTHORIZER = {
  'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  'allow.everyone.if.no.acl.found': 'true',
}
/** What brokers have that nobody has set up. */
const WEEK = { 'log.retention.hours': '168' }
/** All that a restore does but writing. */
const NO_WRITING = [
  AclOperationTypes.DESCRIBE,
  AclOperationTypes.READ,
  AclOperationTypes.DESCRIBE_CONFIGS,
  AclOperationTypes.ALTER_CONFIGS,
]

describe('a target cluster with rights, and with the retention that Kafka has by itself', () => {
  const storage = new MemoryStorage()
  let service: KafkaService
  let target: KafkaBench
  let topic: string

  beforeAll(async () => {
    const source = new KafkaBench('kafka4')
    topic = await source.createTopic()
    await source.produce(topic, [[{ value: 'of 2001', timestamp: '1000000000000' }], messages(0, 3)])
    await using kafka = source.transport()
    await new TopicArchiver({ kafka, storage }).run({ topics: [topic] })
    service = await startKafka4({ properties: { ...AUTHORIZER, ...WEEK } })
    target = new KafkaBench('kafka4', service.brokers)
  })
  afterAll(async () => {
    await service?.destroy()
  })

  it.each(['exists', 'would be created'])(
    'is not touched where a right is missing for a topic that %s',
    async (state) => {
      const name = state === 'exists' ? await target.createTopic() : 'sealed'
      await allow(name, NO_WRITING)
      await using kafka = target.transport()
      const restorer = new TopicRestorer({ kafka, storage })
      const options = { topics: [topic], rename: () => name }
      const { problems } = await restorer.plan(options)
      expect(problems).toEqual([{ code: 'NOT_AUTHORIZED', text: `${name}: this principal must be allowed to write` }])
      await expect(restorer.run(options)).rejects.toMatchObject({ code: 'TARGET_CONFLICT' })
      const [described] = (await kafka.metadata([name])).topics
      expect(described?.error === undefined).toBe(state === 'exists')
      if (state === 'exists') expect(await ownConfigs(kafka, name)).toEqual({})
      await allow(name, [AclOperationTypes.WRITE])
      expect(await restorer.run(options)).toMatchObject({ records: 4n, complete: true })
    },
  )

  it('does not delete after a week what was just restored: the retention stays held', async () => {
    await using kafka = target.transport()
    const { held } = await new TopicRestorer({ kafka, storage }).run({ topics: [topic] })
    expect(held).toEqual({ [topic]: { 'retention.ms': '-1' } })
    expect(await ownConfigs(kafka, topic)).toEqual({ 'retention.ms': '-1' })
  })

  async function allow(resourceName: string, operations: readonly AclOperationTypes[]): Promise<void> {
    const acl = operations.map((operation) => ({
      ...{ resourceType: AclResourceTypes.TOPIC, resourceName, resourcePatternType: ResourcePatternTypes.LITERAL },
      ...{ principal: 'User:ANONYMOUS', host: '*', operation, permissionType: AclPermissionTypes.ALLOW },
    }))
    await target.admin((admin) => admin.createAcls({ acl }))
  }
})
