import { basename } from 'node:path/posix'
import { gzip } from '../../codec/gzip.js'
import type { ArchiveStorage, ObjectInfo, StorageCallOptions } from '../../storage/storage.js'
import { bytesOfFile, type FileBytes } from './file-bytes.js'
import { unsnapped } from './snappy-stream.js'
import { LAST_ZXID } from './zxid.js'

/** How a file is compressed as a whole. */
type FileCompression = 'none' | 'gzip' | 'snappy'

/** A snapshot or a transaction log of a ZooKeeper server, wherever it lies. */
export interface ServerFile {
  readonly kind: 'snapshot' | 'log'
  /**
   * The transaction that its name tells: the last one before a snapshot was begun, or the first one of a log.
   */
  readonly zxid: bigint
  readonly compression: FileCompression
  readonly storage: ArchiveStorage
  readonly key: string
  readonly sizeBytes: number
  readonly modifiedMs: number
}

const SNAPSHOT = /^snapshot\.([0-9a-f]{1,16})(\.gz|\.snappy)?$/
const LOG = /^log\.([0-9a-f]{1,16})$/
const COMPRESSIONS = { '.gz': 'gzip', '.snappy': 'snappy' } as const

/** The file that an object is by its name, or `undefined` when it is none. */
export function serverFile(storage: ArchiveStorage, info: ObjectInfo): ServerFile | undefined {
  const name = basename(info.key)
  const [, snapshotZxid, suffix] = SNAPSHOT.exec(name) ?? []
  if (snapshotZxid !== undefined) {
    const compression = suffix === '.gz' || suffix === '.snappy' ? COMPRESSIONS[suffix] : 'none'
    return named(storage, info, { kind: 'snapshot', digits: snapshotZxid, compression })
  }
  return logFile(storage, info, { name, compression: 'none' })
}

/** The log that an object with this content is, or `undefined` when `name` is not that of a log. */
export function logFile(
  storage: ArchiveStorage,
  info: ObjectInfo,
  { name, compression }: { readonly name: string; readonly compression: FileCompression },
): ServerFile | undefined {
  const [, digits] = LOG.exec(name) ?? []
  return digits === undefined ? undefined : named(storage, info, { kind: 'log', digits, compression })
}

/** Opens a file at its first byte, as it was before it was compressed. */
export function openFile(file: ServerFile, { signal }: StorageCallOptions): FileBytes {
  const stored = file.storage.get(file.key, { signal })
  const content = {
    none: () => stored,
    gzip: () => gzip().decode(stored, { signal }),
    snappy: () => unsnapped(stored),
  }[file.compression]()
  return bytesOfFile(content, { key: file.key, compressed: file.compression !== 'none' })
}

function named(
  storage: ArchiveStorage,
  { key, sizeBytes, modifiedMs }: ObjectInfo,
  { kind, digits, compression }: Pick<ServerFile, 'kind' | 'compression'> & { readonly digits: string },
): ServerFile | undefined {
  const zxid = BigInt(`0x${digits}`)
  if (zxid > LAST_ZXID) return undefined
  return { kind, zxid, compression, storage, key, sizeBytes, modifiedMs }
}
