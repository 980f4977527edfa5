import { PLAIN, SMALL_BATCHES, type Workload, ZSTD } from '../topics/workload.js'

/** A topic to archive and to restore. */
export interface RestoreWorkload extends Workload {
  /**
   * What is in it: records as in any topic; records whose log begins late, because what was before is deleted; or
   * nothing but transactions.
   */
  readonly content: 'records' | 'late-records' | 'transactions'
  readonly offsets: 'auto' | 'exact'
  /** Whether `kafka-producer-perf-test` can write the same. */
  readonly hasRival: boolean
}

/** Where the log of `exact-start` begins. */
export const LATE_START = 100_000_000n
/** How many markers `markers` has, over all its partitions. */
export const MARKERS = 10_000

const ORDINARY = { content: 'records', offsets: 'auto', hasRival: true } as const
const EXACT = { compression: 'none', offsets: 'exact', hasRival: false } as const

/** Topics to restore. */
export const RESTORE_WORKLOADS: readonly RestoreWorkload[] = [
  { ...PLAIN, ...ORDINARY },
  {
    ...PLAIN,
    ...ORDINARY,
    name: 'plain-half',
    title: 'half as much, to see what that does to the memory',
    totalBytes: PLAIN.totalBytes / 2,
    hasRival: false,
  },
  { ...ZSTD, ...ORDINARY },
  { ...SMALL_BATCHES, ...ORDINARY },
  {
    ...SMALL_BATCHES,
    ...ORDINARY,
    name: 'small-records',
    title: 'records of 100 bytes, batches of 256 KiB',
    recordsPerBatch: 2_360,
    totalBytes: 1e9,
  },
  {
    ...EXACT,
    name: 'exact-start',
    title: `a log that begins at offset ${LATE_START.toLocaleString('en-US')}`,
    content: 'late-records',
    partitions: 1,
    recordsPerBatch: 250,
    valueBytes: 1_024,
    totalBytes: 1e7,
  },
  {
    ...EXACT,
    name: 'markers',
    title: `${MARKERS.toLocaleString('en-US')} markers of transactions, one record in each partition before each`,
    content: 'transactions',
    partitions: 3,
    recordsPerBatch: 1,
    valueBytes: 100,
    totalBytes: MARKERS * 100,
  },
]
