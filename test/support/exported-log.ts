import { readdir, readFile, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { type ArchiveStorage, type ExportedLog, type ExportLogDirectoryOptions, exportLogDirectory } from 'kafkeep'
import { writeCheckpoint } from '../../src/archive/checkpoint.js'
import { batchesIn, type RecordBatchView } from '../../src/batch/record-batch.js'
import { PARTITION } from './segments.js'

/** A state of {@link PARTITION}, as a checkpoint has it. */
export interface State {
  readonly from?: bigint
  readonly next: bigint
  readonly generation?: number
  readonly unseen?: true
  readonly takenMs?: number
}

/** Makes a storage an archive that has a checkpoint with this state, and returns the checkpoint's id. */
export async function putCheckpoint(storage: ArchiveStorage, { takenMs = 7, ...state }: State): Promise<string> {
  await storage.put('archive.json', Buffer.from('{"format":1}'))
  const partitions = [{ partition: PARTITION.partition, generation: 1, from: 0n, ...state }]
  const topics = [{ ...PARTITION, replicationFactor: 1, configs: [], partitions }]
  return writeCheckpoint(storage, { takenMs, clusterId: 'c', topics, groups: [] }, {})
}

/** Exports {@link PARTITION}. */
export function exportTo(
  directory: string,
  storage: ArchiveStorage,
  options: Partial<ExportLogDirectoryOptions> = {},
): Promise<ExportedLog> {
  const { topic, partition } = PARTITION
  return exportLogDirectory({ storage, topic, partition, directory, ...options })
}

/**
 * Exports partition 0 of a topic for a stopped broker that has it, under this or another name, and has never written to
 * it: with the steps of `docs/log-directory.md`.
 */
export async function exportForBroker(
  partitionsDirectory: string,
  { target, ...options }: Omit<ExportLogDirectoryOptions, 'directory' | 'partition'> & { readonly target: string },
): Promise<ExportedLog> {
  const directory = join(partitionsDirectory, `${target}-0`)
  for (const name of await readdir(directory)) if (name !== 'partition.metadata') await rm(join(directory, name))
  return exportLogDirectory({ ...options, partition: 0, directory })
}

/** The batches in an exported log. */
export async function batchesOf({ files }: ExportedLog): Promise<RecordBatchView[]> {
  const batches: RecordBatchView[] = []
  for (const file of files) batches.push(...batchesIn(await readFile(file)))
  return batches
}

/** The names of exported files without their zeros: the offset at which each one begins. */
export function firstOffsets({ files }: ExportedLog): bigint[] {
  return files.map((file) => BigInt(basename(file, '.log')))
}

/**
 * What a broker makes of the transactions in a log: the offsets of the records that a read_committed consumer sees, and
 * the producers whose transaction it holds for open.
 */
export function brokersView(batches: readonly RecordBatchView[]): {
  readonly committed: readonly bigint[]
  readonly open: readonly bigint[]
} {
  const committed: bigint[] = []
  const open = new Map<bigint, bigint[]>()
  for (const batch of batches) {
    const { producerId } = batch
    const written = open.get(producerId) ?? []
    if (batch.control) {
      if (batch.marker === undefined) continue
      if (batch.marker === 'commit') committed.push(...written)
      open.delete(producerId)
      continue
    }
    const offsets = [...batch.records()].map(({ offset }) => offset)
    if (batch.transactional) open.set(producerId, [...written, ...offsets])
    else committed.push(...offsets)
  }
  return { committed: committed.sort((a, b) => Number(a - b)), open: [...open.keys()] }
}
