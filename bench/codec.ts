import { createRequire } from 'node:module'
import kafkajs from 'kafkajs'
import lz4 from 'lz4-napi'
import { COMPRESSION_TYPES, type CompressionType } from '../src/batch/batch-header.js'
import { compress, decompress } from '../src/batch/compression/compression.js'
import { batchesIn, RecordBatchView } from '../src/batch/record-batch.js'
import { writeBatch } from '../src/batch/write-batch.js'
import { machine, measure, printRates, rate } from './measure.js'

const RECORD_BYTES = 1_024
const RECORDS_A_BATCH = 250
const BATCHES = 200
const WALKED_BYTES = 1_073_741_824

type KafkaJsDecoder = (decoder: object) => Promise<{ readonly records: readonly object[] }>

/** Decoding beside kafkajs's own decoder on the same bytes, and walking batches as the archiver does. */
export async function codecBench(): Promise<void> {
  console.log(machine())
  for (const compression of ['none', 'lz4', 'zstd'] as const) await decodingBench(compression)
  await walkingBench()
}

async function decodingBench(compression: CompressionType): Promise<void> {
  const decodeWithKafkaJs = kafkaJsDecoder()
  const batch = batchOf(RECORDS_A_BATCH, compression)
  const work = BATCHES * RECORDS_A_BATCH
  const results = await measure([
    {
      name: 'kafkeep',
      work,
      run() {
        for (let index = 0; index < BATCHES; index++) {
          let bytes = 0
          for (const { value } of new RecordBatchView(batch).records()) bytes += value?.length ?? 0
          if (bytes === 0) throw new Error('nothing was decoded')
        }
      },
    },
    ...decompressors(compression).map(({ name, decompress }) => ({
      name,
      work,
      async run() {
        registerWithKafkaJs(compression, decompress)
        for (let index = 0; index < BATCHES; index++) {
          if ((await decodeWithKafkaJs(batch)) === 0) throw new Error('nothing was decoded')
        }
      },
    })),
  ])
  printRates(
    `Records of 1 KiB decoded, batches of ${RECORDS_A_BATCH}, compression ${compression}`,
    'records/s',
    results,
  )
  const [ours, ...others] = results
  for (const other of others) {
    if (ours) console.log(`\nkafkeep decodes ${(rate(ours) / rate(other)).toFixed(1)} times as fast as ${other.name}.`)
  }
}

async function walkingBench(): Promise<void> {
  const batch = batchOf(RECORDS_A_BATCH, 'none')
  const single = batchOf(1, 'none')
  const walk = (batch: Buffer) => {
    const buffer = Buffer.concat(Array.from({ length: Math.ceil(16_777_216 / batch.length) }, () => batch))
    const times = Math.ceil(WALKED_BYTES / buffer.length)
    return {
      work: (times * buffer.length) / 1e6,
      run() {
        for (let index = 0; index < times; index++) {
          for (const view of batchesIn(buffer)) if (!view.intact) throw new Error('a batch is damaged')
        }
      },
    }
  }
  const results = await measure([
    { name: 'batches of 250 records', ...walk(batch) },
    { name: 'batches of one record (1 KiB)', ...walk(single) },
  ])
  printRates('Batches walked and their checksums verified', 'MB/s', results)
}

function batchOf(records: number, compression: CompressionType): Buffer {
  return writeBatch(
    Array.from({ length: records }, (_, index) => ({
      offset: BigInt(index),
      timestampMs: 1_700_000_000_000n + BigInt(index),
      key: Buffer.from(`key-${index}`),
      value: Buffer.from(JSON.stringify({ index, text: 'lorem ipsum '.repeat(100) }).slice(0, RECORD_BYTES)),
      headers: [{ key: 'content-type', value: Buffer.from('application/json') }],
    })),
    { compression },
  )
}

type Decompress = (bytes: Buffer) => Buffer

/** What a host could register with kafkajs, which brings nothing but gzip. */
function decompressors(compression: CompressionType): { readonly name: string; readonly decompress: Decompress }[] {
  const ours = { name: 'kafkajs 2.2.4', decompress: (bytes: Buffer) => decompress(compression, bytes) }
  if (compression !== 'lz4') return [ours]
  return [
    { name: 'kafkajs 2.2.4 with lz4-napi, frame by frame', decompress: (bytes) => lz4.decompressFrameSync(bytes) },
    { ...ours, name: 'kafkajs 2.2.4 with kafkeep’s own way to use lz4-napi' },
  ]
}

function registerWithKafkaJs(compression: CompressionType, decompressWith: Decompress): void {
  Reflect.set(kafkajs.CompressionCodecs, COMPRESSION_TYPES.indexOf(compression), () => ({
    compress: async ({ buffer }: { readonly buffer: Buffer }) => compress(compression, buffer),
    decompress: async (buffer: Buffer) => decompressWith(buffer),
  }))
}

/** kafkajs decodes only through its protocol internals. */
function kafkaJsDecoder(): (batch: Buffer) => Promise<number> {
  const require = createRequire(import.meta.url)
  const Decoder = require('kafkajs/src/protocol/decoder')
  const decodeBatch: KafkaJsDecoder = require('kafkajs/src/protocol/recordBatch/v0/decoder')
  return async (batch) => (await decodeBatch(new Decoder(batch))).records.length
}
