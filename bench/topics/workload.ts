import type { CompressionType } from '../../src/batch/batch-header.js'

/** A topic to make, all partitions alike. */
export interface Workload {
  /** As it is asked for on the command line; also the topic's name. */
  readonly name: string
  /** What is in the topic. */
  readonly title: string
  readonly partitions: number
  readonly recordsPerBatch: number
  readonly valueBytes: number
  readonly compression: CompressionType
  /** Values of the whole topic, before compression. */
  readonly totalBytes: number
}

/** 253 records of 1 KiB are the most that 256 KiB hold. */
const LARGE_BATCHES = { partitions: 6, recordsPerBatch: 253, valueBytes: 1_024, totalBytes: 2e9 } as const

/** Records of 1 KiB in batches of 256 KiB. */
export const PLAIN: Workload = {
  ...LARGE_BATCHES,
  name: 'plain',
  compression: 'none',
  title: 'records of 1 KiB, batches of 256 KiB',
}

/** The same, compressed. */
export const ZSTD: Workload = {
  ...LARGE_BATCHES,
  name: 'zstd',
  compression: 'zstd',
  title: 'the same records in batches of zstd',
}

/** What clients write that do not wait for more: 10 records of 100 bytes at a time. */
export const SMALL_BATCHES: Workload = {
  name: 'small-batches',
  title: 'records of 100 bytes, 10 in a batch',
  partitions: 6,
  recordsPerBatch: 10,
  valueBytes: 100,
  compression: 'none',
  totalBytes: 2.5e8,
}

/**
 * The workloads of these names, or all where none is named. With `KAFKEEP_BENCH_SCALE=0.1` in the environment every
 * topic gets a tenth of its size, for a quick look.
 *
 * @throws Error when there is no such workload, or the scale is no number above 0.
 */
export function workloadsNamed<W extends Workload>(all: readonly W[], names: readonly string[]): readonly W[] {
  const scale = Number(process.env['KAFKEEP_BENCH_SCALE'] ?? 1)
  if (!(scale > 0)) throw new Error(`KAFKEEP_BENCH_SCALE must be a number above 0, got ${scale}`)
  const unknown = names.find((name) => !all.some((workload) => workload.name === name))
  if (unknown !== undefined) {
    throw new Error(`there is no workload ${unknown}: choose from ${all.map(({ name }) => name).join(', ')}`)
  }
  const chosen = names.length === 0 ? all : all.filter(({ name }) => names.includes(name))
  return chosen.map((workload) => ({ ...workload, totalBytes: workload.totalBytes * scale }))
}
