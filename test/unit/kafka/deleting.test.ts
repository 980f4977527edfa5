import { KafkaJsTransport } from 'kafkeep/kafkajs'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { WireWriter } from '../../../src/kafka/protocol/wire.js'
import { FakeKafkaJs, type FakeRequest } from '../../support/fake-kafkajs.js'

const UNKNOWN_TOPIC_OR_PARTITION = 3
const TOPIC_ALREADY_EXISTS = 36

// The waits before a repetition are random up to a limit; here they are none.
beforeEach(() => {
  vi.spyOn(Math, 'random').mockReturnValue(0)
})
afterEach(() => {
  vi.restoreAllMocks()
})

/** A transport to a cluster without topics, what its requests for deletion and for creation are answered, and their names. */
function open(deletions: (number | 'lost')[], creations: number[] = []) {
  const answer = ({ apiName }: FakeRequest) => {
    const outcome = (apiName === 'DeleteTopics' ? deletions : creations).shift() ?? 0
    if (outcome === 'lost') throw Object.assign(new Error('closed'), { name: 'KafkaJSConnectionClosedError' })
    const writer = new WireWriter(false).int32(0)
    writer.array(['a'], (topic) => writer.string(topic).int16(outcome).string(null))
    return writer.toBuffer()
  }
  const kafka = new FakeKafkaJs({ answer })
  const asked = () => kafka.requests.map(({ apiName }) => apiName).filter((apiName) => apiName !== 'Metadata')
  return { transport: new KafkaJsTransport(kafka), asked }
}

describe('a topic', () => {
  it('is deleted also when the answer was lost and it is gone by the time that it is asked for again', async () => {
    const { transport, asked } = open(['lost', UNKNOWN_TOPIC_OR_PARTITION])
    await transport.deleteTopic('a')
    expect(asked()).toEqual(['DeleteTopics', 'DeleteTopics', 'CreateTopics'])
  })

  it('that was not there is not deleted', async () => {
    const { transport } = open([UNKNOWN_TOPIC_OR_PARTITION])
    await expect(transport.deleteTopic('a')).rejects.toMatchObject({ code: 'TOPIC_NOT_FOUND', topic: 'a' })
  })

  it('is deleted once another one of its name could be created, which is only checked', async () => {
    const { transport, asked } = open([], [TOPIC_ALREADY_EXISTS, TOPIC_ALREADY_EXISTS])
    await transport.deleteTopic('a')
    expect(asked()).toEqual(['DeleteTopics', 'CreateTopics', 'CreateTopics', 'CreateTopics'])
  })
})
