import { PLAIN, SMALL_BATCHES, type Workload, ZSTD } from '../topics/workload.js'

const MANY_PARTITIONS: Workload = {
  name: 'many-partitions',
  title: '40 records of 1 KiB in each partition, 10 in a batch',
  partitions: 500,
  recordsPerBatch: 10,
  valueBytes: 1_024,
  compression: 'none',
  totalBytes: 500 * 40 * 1_024,
}

/** Topics to read. */
export const ARCHIVE_WORKLOADS: readonly Workload[] = [PLAIN, ZSTD, SMALL_BATCHES, MANY_PARTITIONS]
