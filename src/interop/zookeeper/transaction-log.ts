import { UnsupportedFormatError } from '../../errors.js'
import type { StorageCallOptions } from '../../storage/storage.js'
import { WireReader } from '../../zookeeper/protocol/wire.js'
import { Adler32 } from './adler32.js'
import type { FileBytes } from './file-bytes.js'
import { openFile, type ServerFile } from './server-file.js'

/** A transaction as a log has it. */
export interface LoggedTransaction {
  readonly zxid: bigint
  /** When the leader took it, in epoch milliseconds by its clock. */
  readonly timeMs: bigint
  readonly type: number
  /** The session that asked for it. */
  readonly sessionId: bigint
  /** What was done, in the form of its type. */
  readonly body: Buffer
  /** Of all of it. */
  readonly checksum: number
  /** Where it is. */
  readonly file: ServerFile
  readonly position: number
}

const MAGIC = 0x5a4b4c47
const VERSION = 2
const FILE_HEADER_BYTES = 16
/** A checksum and a length. */
const RECORD_HEADER_BYTES = 12
const TRANSACTION_HEADER_BYTES = 32
const END_OF_RECORD = 0x42
/** More than a server takes in one transaction, however it is set up. */
const MAX_RECORD_BYTES = 268_435_456
const ZEROS = Buffer.alloc(65_536)

/**
 * The transactions of a log, in their order. The log may end in zeros, which the server writes ahead, and in the
 * beginning of a record that it was killed over.
 *
 * @throws {@link ArchiveCorruptError} when it is damaged.
 * @throws {@link UnsupportedFormatError} when it is of a version that is not known.
 */
export async function* readLog(
  file: ServerFile,
  { signal }: StorageCallOptions,
): AsyncGenerator<LoggedTransaction, void, void> {
  const bytes = openFile(file, { signal })
  try {
    if (!(await readFileHeader(bytes, file))) return
    let last: bigint | undefined
    for (;;) {
      signal?.throwIfAborted()
      const transaction = await readRecord(bytes, file)
      if (transaction === undefined) return
      const { zxid, position } = transaction
      if (last === undefined && zxid !== file.zxid) {
        throw bytes.damage(`the first transaction is ${shownZxid(zxid)}, which its name does not say`, position)
      }
      if (last !== undefined && zxid <= last) {
        throw bytes.damage(`transaction ${shownZxid(zxid)} comes after ${shownZxid(last)}`, position)
      }
      yield transaction
      last = zxid
    }
  } finally {
    await bytes.close()
  }
}

/** A transaction's number as ZooKeeper writes it. */
export function shownZxid(zxid: bigint): string {
  return `0x${zxid.toString(16)}`
}

/** Answers whether there is anything: a server that was killed before it wrote leaves an empty file. */
async function readFileHeader(bytes: FileBytes, { key }: ServerFile): Promise<boolean> {
  if (!(await bytes.fill(FILE_HEADER_BYTES))) {
    if (bytes.ready === 0) return false
    throw bytes.damage('it is cut off in its header')
  }
  const header = new WireReader(bytes.take(FILE_HEADER_BYTES))
  if (header.int() !== MAGIC) throw bytes.damage('it does not begin as a transaction log', 0)
  const version = header.int()
  if (version === VERSION) return true
  throw new UnsupportedFormatError(`${key} is a transaction log of version ${version}; this kafkeep knows ${VERSION}`)
}

/** The next transaction; `undefined` at the end. */
async function readRecord(bytes: FileBytes, file: ServerFile): Promise<LoggedTransaction | undefined> {
  const { position } = bytes
  if (!(await bytes.fill(RECORD_HEADER_BYTES))) return expectEnd(bytes, RECORD_HEADER_BYTES)
  const header = new WireReader(bytes.peek(RECORD_HEADER_BYTES))
  const [checksum, length] = [header.long(), header.int()]
  if (length === 0) return expectEnd(bytes, RECORD_HEADER_BYTES)
  if (length < TRANSACTION_HEADER_BYTES || length > MAX_RECORD_BYTES) {
    throw bytes.damage(`a transaction of ${length} bytes`)
  }
  const recordBytes = RECORD_HEADER_BYTES + length + 1
  if (!(await bytes.fill(recordBytes))) return expectEnd(bytes, recordBytes)
  const record = bytes.peek(recordBytes)
  const end = record[recordBytes - 1]
  if (end === 0) return expectEnd(bytes, recordBytes)
  if (end !== END_OF_RECORD) throw bytes.damage('a transaction does not end as one')
  const content = record.subarray(RECORD_HEADER_BYTES, -1)
  if (checksum !== BigInt(new Adler32().add(content).value)) {
    throw bytes.damage('the checksum of a transaction does not match')
  }
  bytes.take(recordBytes)
  const reader = new WireReader(content)
  const sessionId = reader.long()
  reader.int()
  const [zxid, timeMs, type] = [reader.long(), reader.long(), reader.int()]
  const body = content.subarray(TRANSACTION_HEADER_BYTES)
  return { zxid, timeMs, type, sessionId, body, checksum: Number(checksum), file, position }
}

/**
 * Reads what is left and makes sure that it is zeros, or the beginning of one record with zeros behind it: a server that
 * is killed while it writes leaves that. A whole record would have its last byte.
 */
async function expectEnd(bytes: FileBytes, recordBytes: number): Promise<undefined> {
  const { position } = bytes
  let last: { readonly position: number; readonly byte: number } | undefined
  while (await bytes.fill(1)) {
    const start = bytes.position
    const chunk = bytes.take(bytes.ready)
    const index = lastNonZero(chunk)
    if (index >= 0) last = { position: start + index, byte: chunk[index] ?? 0 }
  }
  if (last === undefined) return
  if (last.byte === END_OF_RECORD || last.position >= position + recordBytes) {
    throw bytes.damage('a transaction is not whole, and more comes behind it', position)
  }
}

function lastNonZero(chunk: Buffer): number {
  if (chunk.length <= ZEROS.length && chunk.equals(ZEROS.subarray(0, chunk.length))) return -1
  let index = chunk.length - 1
  while (index >= 0 && chunk[index] === 0) index -= 1
  return index
}
