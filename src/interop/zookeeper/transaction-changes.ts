import { Buffer } from 'node:buffer'
import { ArchiveCorruptError, UnsupportedFormatError } from '../../errors.js'
import { WireReader } from '../../zookeeper/protocol/wire.js'
import { checkedAcl, checkedPath } from './jute-values.js'
import { CONTAINER_OWNER, ttlOwner } from './owner.js'
import { type LoggedTransaction, shownZxid } from './transaction-log.js'
import type { TreeChange } from './tree-change.js'

/** What a transaction does, and what the tree's digest is with it, where the log tells. */
export interface TransactionContent {
  readonly changes: readonly TreeChange[]
  readonly digest: bigint | undefined
}

const TYPES = {
  error: -1,
  createSession: -10,
  closeSession: -11,
  create: 1,
  delete: 2,
  setData: 5,
  setAcl: 7,
  check: 13,
  multi: 14,
  create2: 15,
  reconfig: 16,
  createContainer: 19,
  deleteContainer: 20,
  createTtl: 21,
} as const

/** A version and a number of 64 bits. */
const DIGEST_BYTES = 12
/** The way of computing digests since ZooKeeper 3.6. */
const DIGEST_VERSION = 2

/**
 * Reads what a transaction does.
 *
 * @throws {@link ArchiveCorruptError} when it is not one.
 * @throws {@link UnsupportedFormatError} when it is of a type that is not known.
 */
export function transactionContent(transaction: LoggedTransaction): TransactionContent {
  const { type, sessionId, body, zxid } = transaction
  const reader = new WireReader(body)
  try {
    const changes = changesOf(type, reader, sessionId)
    const digest = digestOf(reader)
    if (reader.left > 0) throw new RangeError(`${reader.left} bytes are left over`)
    if (changes !== undefined) return { changes, digest }
  } catch (cause) {
    if (cause instanceof RangeError) throw notATransaction(transaction, cause)
    throw cause
  }
  throw new UnsupportedFormatError(
    `${transaction.file.key} has the transaction ${shownZxid(zxid)} of a type that is not known: ${type}`,
    { hint: 'a newer ZooKeeper, or a fork, wrote it' },
  )
}

function changesOf(type: number, reader: WireReader, sessionId: bigint): readonly TreeChange[] | undefined {
  switch (type) {
    case TYPES.create:
    case TYPES.create2:
    case TYPES.createTtl:
    case TYPES.createContainer:
      return [creation(type, reader, sessionId)]
    case TYPES.delete:
    case TYPES.deleteContainer:
      return [{ type: 'delete', path: pathFrom(reader) }]
    case TYPES.setData:
    case TYPES.reconfig:
      return [{ type: 'set', path: pathFrom(reader), data: reader.bytes(), version: reader.int() }]
    case TYPES.setAcl:
      return [{ type: 'acl', path: pathFrom(reader), acl: checkedAcl(reader.acl()), version: reader.int() }]
    case TYPES.check:
      pathFrom(reader)
      reader.int()
      return []
    case TYPES.error:
    case TYPES.createSession:
      reader.int()
      return []
    case TYPES.closeSession:
      return [{ type: 'close', sessionId, paths: hasPaths(reader) ? reader.list(() => pathFrom(reader)) : [] }]
    case TYPES.multi:
      return multiChanges(reader, sessionId)
    default:
      return undefined
  }
}

/** All of its parts are made, or none. */
function multiChanges(reader: WireReader, sessionId: bigint): readonly TreeChange[] | undefined {
  const parts = reader.list(() => ({ type: reader.int(), body: reader.bytes() ?? new Uint8Array() }))
  if (parts.some(({ type }) => type === TYPES.error)) return []
  const changes: TreeChange[] = []
  for (const { type, body } of parts) {
    const part = new WireReader(Buffer.from(body.buffer, body.byteOffset, body.length))
    const made = type === TYPES.multi ? undefined : changesOf(type, part, sessionId)
    if (made === undefined) return undefined
    if (part.left > 0) throw new RangeError(`${part.left} bytes are left over in a part`)
    changes.push(...made)
  }
  return changes
}

function creation(type: number, reader: WireReader, sessionId: bigint): TreeChange {
  const node = { type: 'create', path: pathFrom(reader), data: reader.bytes(), acl: checkedAcl(reader.acl()) } as const
  if (type === TYPES.createContainer) return { ...node, owner: CONTAINER_OWNER, parentCreations: creationsFrom(reader) }
  if (type === TYPES.createTtl)
    return { ...node, parentCreations: creationsFrom(reader), owner: ttlOwner(reader.long()) }
  const owner = reader.flag() ? sessionId : 0n
  const isOfBefore34 = reader.left === 0
  return { ...node, owner, parentCreations: isOfBefore34 ? undefined : creationsFrom(reader) }
}

function creationsFrom(reader: WireReader): number | undefined {
  const creations = reader.int()
  return creations === -1 ? undefined : creations
}

/** Before 3.6 nothing comes with the end of a session; a digest without paths begins with its version. */
function hasPaths(reader: WireReader): boolean {
  return reader.left > 0 && !(reader.left === DIGEST_BYTES && reader.peekInt() === DIGEST_VERSION)
}

function digestOf(reader: WireReader): bigint | undefined {
  if (reader.left !== DIGEST_BYTES) return undefined
  const [version, digest] = [reader.int(), reader.long()]
  return version === DIGEST_VERSION ? digest : undefined
}

function pathFrom(reader: WireReader): string {
  return checkedPath(reader.text())
}

function notATransaction({ file: { key }, position, zxid }: LoggedTransaction, cause: RangeError): ArchiveCorruptError {
  return new ArchiveCorruptError(
    `${key} is damaged at byte ${position}: transaction ${shownZxid(zxid)} is not one: ${cause.message}`,
    { key, cause },
  )
}
