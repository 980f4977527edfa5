import { writeBatch } from '../../src/batch/write-batch.js'
import { randomText } from './random-text.js'
import type { Workload } from './workload.js'

/** A batch to send as often as needed. */
export interface Template {
  readonly batch: Buffer
  /** Its size without compression. */
  readonly logicalBytes: number
  readonly values: readonly Buffer[]
}

/** Batches are taken in turn from so many, which is more than zstd or a cache could make use of. */
const TEMPLATES = 40

/** The batches that the topic of a workload is made of: the same in every run. */
export function templatesOf({ recordsPerBatch, valueBytes, compression }: Workload): Template[] {
  const text = randomText()
  return Array.from({ length: TEMPLATES }, (_, template) => {
    const values = Array.from({ length: recordsPerBatch }, (_, index) =>
      jsonOf(valueBytes, template * recordsPerBatch + index, text),
    )
    const records = values.map((value, index) => ({
      offset: BigInt(index),
      timestampMs: 1_700_000_000_000n + BigInt(index),
      key: null,
      value,
      headers: [],
    }))
    return { batch: writeBatch(records, { compression }), logicalBytes: writeBatch(records).length, values }
  })
}

function jsonOf(bytes: number, id: number, text: (length: number) => string): Buffer {
  const head = `{"id":${id},"text":"`
  return Buffer.from(`${head}${text(bytes - head.length - 2)}"}`)
}
