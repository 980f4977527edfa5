import type { CommitOutcome, CreateOperation, ZnodeOperation } from '../transport.js'
import type { Acl, ZnodeStat } from '../znode.js'
import { errorName } from './error-names.js'
import { aclList, bytes, flag, int, long, type Pieces, text, type WireReader } from './wire.js'

/** One request of the protocol: what is sent and how its answer is read. */
export interface ZooKeeperRequest<T> {
  /** What it does, for error messages. */
  readonly doing: string
  readonly opcode: number
  readonly body: Pieces
  /** Whether sending it twice has the effect of sending it once. */
  readonly repeatable: boolean
  decode(answer: WireReader): T
}

/** Turns a path below the connection's root into the server's. */
export type Resolve = (path: string) => string

const OPCODES = {
  create: 1,
  delete: 2,
  exists: 3,
  getData: 4,
  set: 5,
  getAcl: 6,
  setAcl: 7,
  sync: 9,
  getChildren: 12,
  check: 13,
  multi: 14,
  createWithStat: 15,
  createContainer: 19,
  createTtl: 21,
  multiRead: 22,
} as const
const ERROR_RESULT = -1
const ANY_VERSION = -1
const MODES = { persistent: 0, container: 4, ttl: 5 } as const
const MULTI_END = [int(ERROR_RESULT), flag(true), int(-1)]

/** Makes the server catch up with the leader before it answers what comes after. Needs no right and no node. */
export function syncRequest(path: string): ZooKeeperRequest<void> {
  return { doing: 'catch up', opcode: OPCODES.sync, body: text(path), repeatable: true, decode: () => {} }
}

/** Reads the counters of the node at `path`. */
export function existsRequest(path: string): ZooKeeperRequest<ZnodeStat> {
  const body = [...text(path), flag(false)]
  return { doing: `look at ${path}`, opcode: OPCODES.exists, body, repeatable: true, decode: (answer) => answer.stat() }
}

/** Data of a node with its counters. */
export interface DataReading {
  readonly data: Uint8Array | null
  readonly stat: ZnodeStat
}

/** Reads the data of the node at `path`. */
export function getDataRequest(path: string): ZooKeeperRequest<DataReading> {
  return {
    doing: `read ${path}`,
    opcode: OPCODES.getData,
    body: [...text(path), flag(false)],
    repeatable: true,
    decode: (answer) => ({ data: answer.bytes(), stat: answer.stat() }),
  }
}

/**
 * Reads the data of the nodes at `paths`, in ZooKeeper 3.6 and newer. The answers come in the same order; for a node that
 * cannot be read it is the protocol's name of the reason.
 */
export function getManyRequest(paths: readonly string[]): ZooKeeperRequest<readonly (DataReading | string)[]> {
  return {
    doing: `read ${paths.length} znodes`,
    opcode: OPCODES.multiRead,
    body: [...paths.flatMap((path) => [...multiHeader(OPCODES.getData), ...text(path), flag(false)]), ...MULTI_END],
    repeatable: true,
    decode: (answer) => {
      const results: (DataReading | string)[] = []
      for (;;) {
        const [type, done] = [answer.int(), answer.flag()]
        answer.int()
        if (done) return results
        if (type === ERROR_RESULT) results.push(errorName(answer.int()))
        else results.push({ data: answer.bytes(), stat: answer.stat() })
      }
    },
  }
}

/** Reads the access control list of the node at `path`, and how many bytes its data has. */
export function getAclRequest(path: string): ZooKeeperRequest<{ acl: Acl[]; stat: ZnodeStat; dataBytes: number }> {
  return {
    doing: `read the ACL of ${path}`,
    opcode: OPCODES.getAcl,
    body: text(path),
    repeatable: true,
    decode: (answer) => ({ acl: answer.acl(), ...answer.sizedStat() }),
  }
}

/** Lists the children of the node at `path`. */
export function getChildrenRequest(path: string): ZooKeeperRequest<{ children: string[]; stat: ZnodeStat }> {
  return {
    doing: `list the children of ${path}`,
    opcode: OPCODES.getChildren,
    body: [...text(path), flag(false)],
    repeatable: true,
    decode: (answer) => ({ children: answer.list(() => answer.text()), stat: answer.stat() }),
  }
}

/** Replaces the access control list of the node at `path`. */
export function setAclRequest(path: string, acl: readonly Acl[]): ZooKeeperRequest<void> {
  const body = [...text(path), ...aclList(acl), int(ANY_VERSION)]
  return { doing: `set the ACL of ${path}`, opcode: OPCODES.setAcl, body, repeatable: true, decode: () => {} }
}

/** A transaction that only checks that `path` exists: a write in every respect but that it changes nothing. */
export function checkRequest(path: string): ZooKeeperRequest<CommitOutcome> {
  const check = [...multiHeader(OPCODES.check), ...text(path), int(ANY_VERSION)]
  return { ...multiRequest(check), doing: 'write a fence', repeatable: true }
}

/** A transaction of `operations`. */
export function commitRequest(
  operations: readonly ZnodeOperation[],
  resolve: Resolve,
): ZooKeeperRequest<CommitOutcome> {
  return multiRequest(operations.flatMap((operation) => encodedOperation(operation, resolve(operation.path))))
}

function multiRequest(operations: Pieces): ZooKeeperRequest<CommitOutcome> {
  return {
    doing: 'commit a transaction',
    opcode: OPCODES.multi,
    body: [...operations, ...MULTI_END],
    repeatable: false,
    decode: decodedOutcome,
  }
}

function encodedOperation(operation: ZnodeOperation, path: string): Pieces {
  if (operation.type === 'create') return encodedCreate(operation, path)
  const target = [...multiHeader(OPCODES[operation.type]), ...text(path)]
  switch (operation.type) {
    case 'set':
      return [...target, ...bytes(operation.data), int(operation.version)]
    case 'delete':
      return [...target, int(operation.version)]
  }
}

/** Each kind of node has an operation of its own, and a mode that says the same once more. */
function encodedCreate({ data, acl, kind = 'persistent', ttlMs }: CreateOperation, path: string): Pieces {
  const opcode = { persistent: OPCODES.create, container: OPCODES.createContainer, ttl: OPCODES.createTtl }[kind]
  const node = [...multiHeader(opcode), ...text(path), ...bytes(data), ...aclList(acl), int(MODES[kind])]
  return kind === 'ttl' ? [...node, long(ttlMs ?? 0n)] : node
}

function multiHeader(opcode: number): Pieces {
  return [int(opcode), flag(false), int(-1)]
}

/** The results stand in the order of the operations; in a refused transaction all of them are error codes. */
function decodedOutcome(answer: WireReader): CommitOutcome {
  for (let index = 0; ; index += 1) {
    const [type, done] = [answer.int(), answer.flag()]
    answer.int()
    if (done) return { committed: true }
    const code = type === ERROR_RESULT ? answer.int() : 0
    if (code !== 0) return { committed: false, index, reason: errorName(code) }
    if (type === OPCODES.create || type === OPCODES.createWithStat) answer.text()
    if (type === OPCODES.set || type === OPCODES.createWithStat) answer.stat()
  }
}
