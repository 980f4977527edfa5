import type { FetchedPartition, FetchRequest } from '../transport.js'
import { type ApiRequest, apiRequest } from './api.js'
import { errorName } from './error-codes.js'
import type { WireReader, WireWriter } from './wire.js'

/** Fetch. Version 13 names topics by id, 12 tells diverging epochs (KIP-595), 11 is the newest one before them. */
export const FETCH = { apiKey: 1, apiName: 'Fetch', versions: [11, 12, 13], flexibleFrom: 12 } as const

/** {@link FETCH} for clusters without topic ids. */
export const FETCH_BY_NAME = { ...FETCH, versions: [11, 12] } as const

const WITH_TOPIC_IDS = 13
const WITH_EPOCHS = 12

const CONSUMER = -1
const NO_SESSION_ID = 0
const NO_SESSION_EPOCH = -1
const ISOLATION_LEVEL = { uncommitted: 0, committed: 1 } as const
const DIVERGING_EPOCH_TAG = 0

function writeRequest(writer: WireWriter, version: number, request: FetchRequest): void {
  writer
    .int32(CONSUMER)
    .int32(request.maxWaitMs)
    .int32(1)
    .int32(request.maxBytes)
    .int8(ISOLATION_LEVEL[request.isolation])
  writer.int32(NO_SESSION_ID).int32(NO_SESSION_EPOCH)
  writer.array(request.topics, ({ topic, topicId, partitions }) => {
    if (version >= WITH_TOPIC_IDS) writer.uuid(Buffer.from(topicId ?? '', 'base64url'))
    else writer.string(topic)
    writer.array(partitions, ({ partition, leaderEpoch, offset, lastFetchedEpoch, maxBytes }) => {
      writer.int32(partition).int32(leaderEpoch).int64(offset)
      if (version >= WITH_EPOCHS) writer.int32(lastFetchedEpoch)
      writer.int64(-1n).int32(maxBytes).end()
    })
    writer.end()
  })
  writer.array([], () => {})
  writer.string('').end()
}

function readPartition(reader: WireReader, version: number, topic: string): FetchedPartition {
  const partition = reader.int32()
  const error = errorName(reader.int16())
  const highWatermark = reader.int64()
  const lastStableOffset = reader.int64()
  const logStart = reader.int64()
  const aborted = reader.array(() => {
    const transaction = { producerId: reader.int64(), firstOffset: reader.int64() }
    reader.end()
    return transaction
  })
  reader.int32()
  const bytes = reader.bytes()
  let divergingEpoch: FetchedPartition['divergingEpoch']
  reader.end((tag, field) => {
    if (tag === DIVERGING_EPOCH_TAG) divergingEpoch = { epoch: field.int32(), endOffset: field.int64() }
  })
  const epochsCompared = version >= WITH_EPOCHS
  const ends = { highWatermark, lastStableOffset, logStart }
  return { topic, partition, error, ...ends, aborted, bytes, divergingEpoch, epochsCompared }
}

/** Asks one broker for whole record batches of partitions that it leads. */
export function fetchRequest(version: number, request: FetchRequest): ApiRequest<readonly FetchedPartition[]> {
  const nameOfId = new Map(request.topics.map(({ topic, topicId }) => [topicId, topic]))
  return apiRequest(
    FETCH,
    version,
    (writer) => writeRequest(writer, version, request),
    (reader) => {
      reader.int32()
      const error = errorName(reader.int16())
      reader.int32()
      const topics = reader.array(() => {
        const topic =
          version >= WITH_TOPIC_IDS ? (nameOfId.get(reader.uuid().toString('base64url')) ?? '') : reader.string()
        const partitions = reader.array(() => readPartition(reader, version, topic))
        reader.end()
        return partitions
      })
      if (error === undefined) return topics.flat()
      // An error of the whole request is told to every partition that was asked for.
      return request.topics.flatMap(({ topic, partitions }) =>
        partitions.map(({ partition }) => ({
          topic,
          partition,
          error,
          highWatermark: -1n,
          lastStableOffset: -1n,
          logStart: -1n,
          aborted: [],
          bytes: Buffer.alloc(0),
          divergingEpoch: undefined,
          epochsCompared: false,
        })),
      )
    },
  )
}
