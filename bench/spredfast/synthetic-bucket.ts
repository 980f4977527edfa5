import { FileSystemStorage } from 'kafkeep'
import { RecordBatchView } from '../../src/batch/record-batch.js'
import { writeBatch } from '../../src/batch/write-batch.js'
import { fileCodec, type WrittenChunk } from '../../src/interop/spredfast/file-codec.js'
import { dataKey, indexKey } from '../../src/interop/spredfast/file-names.js'
import { indexText } from '../../src/interop/spredfast/index-file.js'
import { SPREDFAST_LOSSES } from '../../src/interop/spredfast/losses.js'
import { randomText } from '../topics/random-text.js'

/** What lies in the folder that is read. */
export interface SyntheticBucket {
  readonly topic: string
  readonly records: number
  /** Size of keys and values with their lengths before them. */
  readonly framedBytes: number
  /** Size of the data files. */
  readonly fileBytes: number
  readonly chunks: number
}

const VALUE_BYTES = 1_024
const LENGTH_BYTES = 4
/** What the connector polls at a time. */
const RECORDS_A_BATCH = 500
const BLOCK_BYTES = 67_108_864
/** Values are taken in turn from so many, which is more than gzip can make use of. */
const VALUES = 10_000

/** Stores one data file of one partition, as the connector does, with its index. */
export async function storeSyntheticBucket(
  directory: string,
  topic: string,
  records: number,
): Promise<SyntheticBucket> {
  const text = randomText()
  const values = Array.from({ length: VALUES }, (_, id) => Buffer.from(`{"id":${id},"text":"${text(VALUE_BYTES)}`))
  const chunks: WrittenChunk[] = []
  let framedBytes = 0
  async function* batches() {
    for (let first = 0; first < records; first += RECORDS_A_BATCH) {
      const content = Array.from({ length: Math.min(RECORDS_A_BATCH, records - first) }, (_, index) => {
        const key = Buffer.from(`key-${first + index}`)
        const value = values[(first + index) % VALUES]?.subarray(0, VALUE_BYTES) ?? null
        framedBytes += 2 * LENGTH_BYTES + key.length + (value?.length ?? 0)
        return { offset: BigInt(first + index), timestampMs: -1n, key, value, headers: [] }
      })
      yield new RecordBatchView(writeBatch(content))
    }
  }
  const codec = fileCodec({
    format: { keys: true, empty: Buffer.alloc(0), delimiters: undefined },
    blockBytes: BLOCK_BYTES,
    allowed: new Set(SPREDFAST_LOSSES),
    onChunk: (_, facts) => chunks.push(facts),
    fileOf: () => undefined,
  })
  const storage = new FileSystemStorage({ directory })
  const key = dataKey({ topic, partition: 0, first: 0n, day: '2017-12-19' })
  const { info } = await storage.put(key, () => codec.encode(batches()))
  await storage.put(indexKey(key), Buffer.from(indexText(0n, chunks)))
  return { topic, records, framedBytes, fileBytes: info.sizeBytes, chunks: chunks.length }
}
