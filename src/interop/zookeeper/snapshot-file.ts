import { UnsupportedFormatError } from '../../errors.js'
import type { StorageCallOptions } from '../../storage/storage.js'
import { OPEN_ACL } from '../../zookeeper/acl.js'
import { WireReader } from '../../zookeeper/protocol/wire.js'
import type { Acl } from '../../zookeeper/znode.js'
import type { FileBytes } from './file-bytes.js'
import { checkedAcl, checkedPath } from './jute-values.js'
import type { ReplayedTree, StoredNode } from './replayed-tree.js'
import { openFile, type ServerFile } from './server-file.js'

/** A digest of a tree, and the transaction with which the tree had it. */
export interface TreeDigest {
  readonly zxid: bigint
  readonly digest: bigint
}

/** What a snapshot tells besides its nodes. */
export interface LoadedSnapshot {
  /** Of the tree as it was when the snapshot was finished; not told by every server. */
  readonly digest: TreeDigest | undefined
  /** The last transaction that shows in a node. */
  readonly newest: bigint
}

const MAGIC = 0x5a4b534e
const VERSION = 2
const FILE_HEADER_BYTES = 16
const SESSION_BYTES = 12
/** The number of an ACL, and what the server counts and times. */
const NODE_NUMBERS_BYTES = 68
const END_OF_NODES = '/'
const SEAL_BYTES = 13
const ZXID_BYTES = 8
const MAX_TAIL_BYTES = 4_096
const DIGEST_VERSION = 2
const OPEN_ACL_NUMBER = -1n
/** More than any client can send in one node, and what a line of JSON can hold. */
const MAX_DATA_BYTES = 134_217_728
const MAX_TEXT_BYTES = 1_048_576
const MAX_ACLS = 1_000_000
const MAX_ACL_ENTRIES = 10_000
/**
 * Stands for an ACL that the snapshot speaks of but does not hold (ZOOKEEPER-4846). It is taken for one of which a part is
 * hidden, and so is never restored.
 */
const UNKNOWN_ACL: readonly Acl[] = [{ permissions: 0, scheme: 'digest', id: 'unknown:x' }]

/**
 * Reads a snapshot file into `tree`, which must be empty.
 *
 * @throws {@link ArchiveCorruptError} when it is damaged.
 * @throws {@link UnsupportedFormatError} when it is of a version that is not known.
 */
export async function loadSnapshot(
  file: ServerFile,
  tree: ReplayedTree,
  { signal }: StorageCallOptions,
): Promise<LoadedSnapshot> {
  const bytes = openFile(file, { signal })
  const reader = new SnapshotReader(bytes)
  try {
    await reader.readHeader(file)
    await reader.skipSessions()
    const acls = await reader.readAcls()
    let newest = 0n
    for (;;) {
      signal?.throwIfAborted()
      const position = bytes.position
      const node = await reader.readNode(acls)
      if (node === undefined) break
      const { path, ...stored } = node
      if (!tree.insert(path, stored)) throw bytes.damage(`the node ${path} comes twice, or before its parent`, position)
      const { createdZxid, modifiedZxid, childrenZxid } = stored.stat
      for (const zxid of [createdZxid, modifiedZxid, childrenZxid]) if (zxid > newest) newest = zxid
    }
    if (tree.nodes === 0) throw bytes.damage('it has no node')
    return { newest, digest: await reader.readTail() }
  } finally {
    await bytes.close()
  }
}

class SnapshotReader {
  readonly #bytes: FileBytes

  constructor(bytes: FileBytes) {
    this.#bytes = bytes
  }

  async readHeader({ key }: ServerFile): Promise<void> {
    const header = await this.#record(FILE_HEADER_BYTES)
    if (header.int() !== MAGIC) throw this.#bytes.damage('it does not begin as a snapshot', 0)
    const version = header.int()
    if (version === VERSION) return
    throw new UnsupportedFormatError(`${key} is a snapshot of version ${version}; this kafkeep knows ${VERSION}`)
  }

  async skipSessions(): Promise<void> {
    for (let left = await this.#count('sessions'); left > 0; left -= 1) await this.#record(SESSION_BYTES)
  }

  async readAcls(): Promise<ReadonlyMap<bigint, readonly Acl[]>> {
    const acls = new Map<bigint, readonly Acl[]>([[OPEN_ACL_NUMBER, OPEN_ACL]])
    for (let left = await this.#count('ACLs', MAX_ACLS); left > 0; left -= 1) {
      const number = (await this.#record(8)).long()
      const entries: Acl[] = []
      for (let more = await this.#count('entries of an ACL', MAX_ACL_ENTRIES); more > 0; more -= 1) {
        const permissions = (await this.#record(4)).int()
        entries.push({ permissions, scheme: (await this.#text()) ?? '', id: (await this.#text()) ?? '' })
      }
      acls.set(
        number,
        this.#checked(() => checkedAcl(entries)),
      )
    }
    return acls
  }

  /** The next node, its path first; `undefined` at the end of the nodes. */
  async readNode(acls: ReadonlyMap<bigint, readonly Acl[]>): Promise<(StoredNode & { path: string }) | undefined> {
    const text = await this.#text()
    if (text === END_OF_NODES) return undefined
    if (text === null) throw this.#bytes.damage('a node has no path')
    const path = text === '' ? '/' : this.#checked(() => checkedPath(text))
    const data = await this.#data(MAX_DATA_BYTES)
    if (!this.#bytes.has(NODE_NUMBERS_BYTES)) await this.#fill(NODE_NUMBERS_BYTES)
    const numbers = new WireReader(this.#bytes.take(NODE_NUMBERS_BYTES))
    const acl = acls.get(numbers.long()) ?? UNKNOWN_ACL
    const [createdZxid, modifiedZxid, createdMs, modifiedMs] = [
      numbers.long(),
      numbers.long(),
      numbers.long(),
      numbers.long(),
    ]
    const [version, childrenVersion, aclVersion] = [numbers.int(), numbers.int(), numbers.int()]
    const [ephemeralOwner, childrenZxid] = [numbers.long(), numbers.long()]
    const counters = { version, childrenVersion, aclVersion, childCount: 0 }
    const zxids = { createdZxid, modifiedZxid, childrenZxid }
    return { path, data, acl, stat: { ...counters, ...zxids, createdMs, modifiedMs, ephemeralOwner } }
  }

  /**
   * Reads what comes behind the nodes: their seal, and then what newer servers add, each part with a seal of its own: the
   * digest of the tree (3.6), and the last transaction (3.9). Either can be switched off.
   */
  async readTail(): Promise<TreeDigest | undefined> {
    await this.#expectSeal()
    await this.#bytes.fill(MAX_TAIL_BYTES + 1)
    if (this.#bytes.ready === 0) return undefined
    let digest: TreeDigest | undefined
    if (this.#bytes.ready !== ZXID_BYTES + SEAL_BYTES) {
      digest = await this.#readDigest()
      await this.#expectSeal()
    }
    if (this.#bytes.ready > 0) {
      await this.#record(ZXID_BYTES)
      await this.#expectSeal()
    }
    if (this.#bytes.ready > 0) throw this.#bytes.damage('there is more behind its end')
    return digest
  }

  async #readDigest(): Promise<TreeDigest | undefined> {
    const head = await this.#record(12)
    const [zxid, version] = [head.long(), head.int()]
    if (version < DIGEST_VERSION) {
      await this.#text()
      return undefined
    }
    const digest = (await this.#record(8)).long()
    // A server that has not changed its tree since it was started tells none.
    return version === DIGEST_VERSION && zxid > 0n ? { zxid, digest } : undefined
  }

  async #expectSeal(): Promise<void> {
    const { position, checksum } = this.#bytes
    const seal = await this.#record(8)
    if (seal.long() !== BigInt(checksum)) throw this.#bytes.damage('its checksum does not match', position)
    if ((await this.#text()) !== '/') throw this.#bytes.damage('its checksum does not end as one', position)
  }

  async #count(what: string, max = Number.POSITIVE_INFINITY): Promise<number> {
    const { position } = this.#bytes
    const count = (await this.#record(4)).int()
    if (count < 0 || count > max) throw this.#bytes.damage(`it claims ${count} ${what}`, position)
    return count
  }

  async #text(): Promise<string | null> {
    const data = await this.#data(MAX_TEXT_BYTES)
    return data === null ? null : data.toString('utf8')
  }

  async #data(maxBytes: number): Promise<Buffer | null> {
    const { position } = this.#bytes
    if (!this.#bytes.has(4)) await this.#fill(4)
    const length = this.#bytes.take(4).readInt32BE()
    if (length === -1) return null
    if (length < 0 || length > maxBytes) throw this.#bytes.damage(`it claims a value of ${length} bytes`, position)
    if (!this.#bytes.has(length)) await this.#fill(length)
    return this.#bytes.take(length)
  }

  async #record(bytes: number): Promise<WireReader> {
    if (!this.#bytes.has(bytes)) await this.#fill(bytes)
    return new WireReader(this.#bytes.take(bytes))
  }

  async #fill(bytes: number): Promise<void> {
    if (!(await this.#bytes.fill(bytes)))
      throw this.#bytes.damage('it is cut off', this.#bytes.position + this.#bytes.ready)
  }

  #checked<T>(check: () => T): T {
    try {
      return check()
    } catch (cause) {
      if (cause instanceof RangeError) throw this.#bytes.damage(cause.message, this.#bytes.position, cause)
      throw cause
    }
  }
}
