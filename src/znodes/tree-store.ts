import { Buffer } from 'node:buffer'
import { isRedacted } from '../zookeeper/acl.js'
import { childOf } from '../zookeeper/path.js'
import type { ZnodeReading } from '../zookeeper/transport.js'
import { type Acl, sequenceOf, type Znode, type ZnodeStat } from '../zookeeper/znode.js'
import { NumberColumn } from './number-column.js'
import { PackedBytes } from './packed-bytes.js'
import { packedHead, unpacked } from './packed-reading.js'

/** A node's number in a {@link TreeStore}: always larger than that of its parent. */
export type NodeNumber = number

/** The number of the root. */
export const ROOT: NodeNumber = 0

const NO_PARENT = -1
const UNREAD = -1
const REMOVED = -2
const SLASH = 0x2f
const PAST_END = -1
/** A name has one byte in front that tells its length. From this one on it is this, and four bytes more tell. */
const LONG_NAME = 0xff

/**
 * Keeps a tree while it is being read. A node takes about 40 bytes besides its name and its data; as an object it would
 * take ten times as much. Of a node there may be a reading or, as long as it is only known from its parent, none.
 */
export class TreeStore {
  readonly #parents = new NumberColumn()
  readonly #names = new NumberColumn()
  readonly #readings = new NumberColumn()
  readonly #bytes = new PackedBytes()
  readonly #acls: (readonly Acl[])[] = []
  readonly #aclNumbers = new Map<string, number>()
  #readNodes = 0
  #lastPath = { node: ROOT, path: '/' }

  /** A tree of which only the root is known. */
  constructor() {
    this.#append('', NO_PARENT)
  }

  /** Nodes of which there is a reading. */
  get readNodes(): number {
    return this.#readNodes
  }

  /** One more than the largest number of a node. */
  get end(): number {
    return this.#parents.length
  }

  /** Adds a node that is not read yet. */
  add(name: string, parent: NodeNumber): NodeNumber {
    return this.#append(name, parent)
  }

  /** Keeps a reading, in place of the one before. */
  put(node: NodeNumber, { data, acl, stat }: ZnodeReading): void {
    this.forget(node)
    const head = packedHead({ stat, acl: this.#aclNumber(acl), data })
    const position = this.#bytes.reserve(head.length + (data?.length ?? 0))
    const [bytes, offset] = [this.#bytes.bytesAt(position), this.#bytes.offsetOf(position)]
    head.copy(bytes, offset)
    if (data !== null) bytes.set(data, offset + head.length)
    this.#readings.set(node, position)
    this.#readNodes += 1
  }

  /** Drops the reading of a node, if there is one. */
  forget(node: NodeNumber): void {
    const position = this.#readings.get(node)
    if (position < 0) return
    this.#bytes.release(position, this.#sizeAt(position))
    this.#readings.set(node, UNREAD)
    this.#readNodes -= 1
  }

  /** Takes a node out of the tree. What is below it goes with the next {@link TreeStore.tidy}. */
  remove(node: NodeNumber): void {
    this.forget(node)
    this.#readings.set(node, REMOVED)
  }

  /** Takes out what is below removed nodes, and gives back memory that dropped readings have left. */
  tidy(): void {
    for (let node = ROOT; node < this.end; node += 1) {
      const parent = this.#parents.get(node)
      if (parent !== NO_PARENT && this.isRemoved(parent) && !this.isRemoved(node)) this.remove(node)
      const position = this.#readings.get(node)
      if (position < 0 || !this.#bytes.isSparse(position)) continue
      this.#readings.set(node, this.#bytes.move(position, this.#sizeAt(position)))
    }
  }

  /** Whether a node was taken out. */
  isRemoved(node: NodeNumber): boolean {
    return this.#readings.get(node) === REMOVED
  }

  /** Whether there is a reading of a node. */
  isRead(node: NodeNumber): boolean {
    return this.#readings.get(node) >= 0
  }

  /** The parent of a node; -1 for the root. */
  parentOf(node: NodeNumber): NodeNumber {
    return this.#parents.get(node)
  }

  /** The last part of a node's path; empty for the root. */
  nameOf(node: NodeNumber): string {
    const position = this.#names.get(node)
    const [bytes, offset] = [this.#bytes.bytesAt(position), this.#bytes.offsetOf(position)]
    const length = nameLength(bytes, offset)
    const start = nameStart(offset, length)
    return bytes.toString('utf8', start, start + length)
  }

  /**
   * Compares the names of two nodes as JavaScript compares strings, each with a slash behind it where that is asked. Makes
   * no strings: sorting a million nodes asks twenty million times.
   */
  compareNames(one: NodeNumber, other: NodeNumber, slashOne: boolean, slashOther: boolean): number {
    const [onePosition, otherPosition] = [this.#names.get(one), this.#names.get(other)]
    const [oneBytes, otherBytes] = [this.#bytes.bytesAt(onePosition), this.#bytes.bytesAt(otherPosition)]
    const [oneOffset, otherOffset] = [this.#bytes.offsetOf(onePosition), this.#bytes.offsetOf(otherPosition)]
    const [oneLength, otherLength] = [nameLength(oneBytes, oneOffset), nameLength(otherBytes, otherOffset)]
    const [oneStart, otherStart] = [nameStart(oneOffset, oneLength), nameStart(otherOffset, otherLength)]
    for (let index = 0; ; index += 1) {
      const unit = index < oneLength ? rankOf(oneBytes[oneStart + index]) : ending(index - oneLength, slashOne)
      const otherUnit =
        index < otherLength ? rankOf(otherBytes[otherStart + index]) : ending(index - otherLength, slashOther)
      if (unit !== otherUnit || unit === PAST_END) return unit - otherUnit
    }
  }

  /** The path of a node. */
  pathOf(node: NodeNumber): string {
    if (node === ROOT) return '/'
    const parent = this.#parents.get(node)
    // Mostly the paths of siblings are asked for one after the other.
    if (this.#lastPath.node !== parent) this.#lastPath = { node: parent, path: this.pathOf(parent) }
    return childOf(this.#lastPath.path, this.nameOf(node))
  }

  /** The counters of a node as they were read. */
  statOf(node: NodeNumber): ZnodeStat {
    return this.#readingAt(this.#readings.get(node)).stat
  }

  /** A node that was read. Its data stays good until the tree is changed. */
  znodeOf(node: NodeNumber): Znode {
    const position = this.#readings.get(node)
    const { stat, acl: aclNumber, dataStart, end } = this.#readingAt(position)
    const acl = this.#acls[aclNumber] ?? []
    return {
      path: this.pathOf(node),
      data: dataStart === undefined ? null : this.#bytes.bytesAt(position).subarray(dataStart, end),
      acl,
      ...(isRedacted(acl) ? { aclRedacted: true } : {}),
      kind: stat.ephemeralOwner === 0n ? 'persistent' : 'ephemeral',
      sequence: sequenceOf(stat),
      ...stat,
    }
  }

  /** The known children of each of `parents`, by name. Takes one look at the whole tree, however many parents there are. */
  childrenOf(parents: ReadonlySet<NodeNumber>): Map<NodeNumber, Map<string, NodeNumber>> {
    const children = new Map<NodeNumber, Map<string, NodeNumber>>()
    for (let node = ROOT; node < this.end; node += 1) {
      const parent = this.#parents.get(node)
      if (!parents.has(parent) || this.isRemoved(node)) continue
      const siblings = children.get(parent) ?? new Map<string, NodeNumber>()
      siblings.set(this.nameOf(node), node)
      children.set(parent, siblings)
    }
    return children
  }

  /** The node at `path`, where it is known. */
  find(path: string): NodeNumber | undefined {
    let found: NodeNumber | undefined = ROOT
    for (const name of path.split('/').filter((part) => part !== '')) {
      if (found === undefined) break
      found = this.childrenOf(new Set([found]))
        .get(found)
        ?.get(name)
    }
    return found
  }

  #append(name: string, parent: NodeNumber): NodeNumber {
    const length = Buffer.byteLength(name)
    const position = this.#bytes.reserve(nameStart(0, length) + length)
    const [bytes, offset] = [this.#bytes.bytesAt(position), this.#bytes.offsetOf(position)]
    bytes[offset] = Math.min(length, LONG_NAME)
    if (length >= LONG_NAME) bytes.writeUInt32BE(length, offset + 1)
    bytes.write(name, nameStart(offset, length))
    this.#parents.push(parent)
    this.#names.push(position)
    this.#readings.push(UNREAD)
    return this.end - 1
  }

  #readingAt(position: number) {
    return unpacked(this.#bytes.bytesAt(position), this.#bytes.offsetOf(position))
  }

  #sizeAt(position: number): number {
    return this.#readingAt(position).end - this.#bytes.offsetOf(position)
  }

  /** Trees have few different lists: each is kept once. */
  #aclNumber(acl: readonly Acl[]): number {
    const key = JSON.stringify(acl)
    const known = this.#aclNumbers.get(key)
    if (known !== undefined) return known
    this.#aclNumbers.set(key, this.#acls.length)
    return this.#acls.push(acl) - 1
  }
}

function nameLength(bytes: Buffer, offset: number): number {
  const length = bytes[offset] ?? 0
  return length < LONG_NAME ? length : bytes.readUInt32BE(offset + 1)
}

function nameStart(offset: number, length: number): number {
  return offset + (length < LONG_NAME ? 1 : 5)
}

/** JavaScript has U+E000 to U+FFFF behind all that is beyond, whose first byte in UTF-8 is larger than theirs. */
function rankOf(byte = 0): number {
  return byte === 0xee || byte === 0xef ? byte + 0x10 : byte
}

function ending(index: number, hasSlash: boolean): number {
  return hasSlash && index === 0 ? SLASH : PAST_END
}
