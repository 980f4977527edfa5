import { Adler32 } from '../../src/interop/zookeeper/adler32.js'
import { aclList, bytes, flag, int, long, type Pieces, text } from '../../src/zookeeper/protocol/wire.js'
import type { Acl, ZnodeStat } from '../../src/zookeeper/znode.js'

/** A node as a snapshot file has it; `childrenVersion` is the server's counter. */
export interface FileNode {
  readonly path: string
  readonly data: Uint8Array | null
  readonly stat: ZnodeStat
  /** The number of its ACL, of which the file has none; that of the open one where left out. */
  readonly aclNumber?: bigint
}

/** A transaction as a log has it. */
export interface FileTransaction {
  readonly zxid: bigint
  readonly sessionId?: bigint
  readonly type: number
  readonly body: Pieces
}

/** A snapshot file as a server without digests writes it, without ACLs. */
export function snapshotBytes(nodes: readonly FileNode[], tail: Pieces = []): Buffer {
  const pieces: Uint8Array[] = [int(0x5a4b534e), int(2), long(-1n), int(0), int(0)]
  for (const { path, data, stat, aclNumber = -1n } of nodes) {
    pieces.push(...text(path === '/' ? '' : path), ...bytes(data), long(aclNumber))
    pieces.push(long(stat.createdZxid), long(stat.modifiedZxid), long(stat.createdMs), long(stat.modifiedMs))
    pieces.push(int(stat.version), int(stat.childrenVersion), int(stat.aclVersion))
    pieces.push(long(stat.ephemeralOwner), long(stat.childrenZxid))
  }
  return sealed(Buffer.concat([...pieces, ...text('/')]), tail)
}

/** A seal, and a further part with its own seal where there is one. */
function sealed(content: Buffer, tail: Pieces): Buffer {
  const whole = Buffer.concat([content, ...sealOf(content)])
  if (tail.length === 0) return whole
  const more = Buffer.concat([whole, ...tail])
  return Buffer.concat([more, ...sealOf(more)])
}

function sealOf(content: Uint8Array): Pieces {
  return [long(BigInt(new Adler32().add(content).value)), ...text('/')]
}

/** What a newer server adds to a snapshot: the digest of the tree at a transaction. */
export function digestTail(zxid: bigint, digest: bigint): Pieces {
  return [long(zxid), int(2), long(digest)]
}

/** A transaction log, with some padding. */
export function logBytes(transactions: readonly FileTransaction[]): Buffer {
  const pieces: Uint8Array[] = [int(0x5a4b4c47), int(2), long(0n)]
  for (const { zxid, sessionId = 1n, type, body } of transactions) {
    const record = Buffer.concat([long(sessionId), int(0), long(zxid), long(1_000n + zxid), int(type), ...body])
    pieces.push(long(BigInt(new Adler32().add(record).value)), int(record.length), record, Uint8Array.of(0x42))
  }
  return Buffer.concat([...pieces, Buffer.alloc(64)])
}

const OPEN_ACL: readonly Acl[] = [{ permissions: 31, scheme: 'world', id: 'anyone' }]

/** The bodies of transactions, by what they do. */
export const body = {
  create: (path: string, data: Uint8Array | null, { ephemeral = false, creations = -1 } = {}): Pieces => [
    ...text(path),
    ...bytes(data),
    ...aclList(OPEN_ACL),
    flag(ephemeral),
    int(creations),
  ],
  delete: (path: string): Pieces => text(path),
  set: (path: string, data: Uint8Array | null, version: number): Pieces => [
    ...text(path),
    ...bytes(data),
    int(version),
  ],
  setAcl: (path: string, acl: readonly Acl[], version: number): Pieces => [
    ...text(path),
    ...aclList(acl),
    int(version),
  ],
  closeSession: (paths: readonly string[]): Pieces => [int(paths.length), ...paths.flatMap(text)],
  error: (code: number): Pieces => [int(code)],
  multi: (parts: readonly { readonly type: number; readonly body: Pieces }[]): Pieces => [
    int(parts.length),
    ...parts.flatMap((part) => [int(part.type), ...bytes(Buffer.concat(part.body))]),
  ],
}

/** The numbers of the kinds of transactions. */
export const TYPE = {
  error: -1,
  createSession: -10,
  closeSession: -11,
  create: 1,
  delete: 2,
  set: 5,
  setAcl: 7,
  multi: 14,
} as const
