import { Buffer } from 'node:buffer'
import { crc32c } from '@node-rs/crc32'
import { znodeToJson } from '../codec/znode-json.js'
import { ArchiveCorruptError, UnsupportedFormatError } from '../errors.js'
import type { PathFilter } from '../zookeeper/path-filter.js'
import { untouchedZnode, type Znode } from '../zookeeper/znode.js'
import { FORMAT_VERSION } from './archive-marker.js'
import { JsonFields } from './json-object.js'

/**
 * How far a snapshot is known to be one state of the tree.
 *
 * - `exact`: nothing at all was written while it was taken.
 * - `settled`: others wrote meanwhile, but each node was seen to be the same before and after one instant.
 * - `fuzzy`: each node is as it was at some instant between the two zxids. Those that are not named as moved were so at
 *   the first of them.
 */
export type SnapshotConsistency = 'exact' | 'settled' | 'fuzzy'

/** What a snapshot's first item tells of the nodes that follow. */
export interface SnapshotHeader {
  /** When the snapshot was begun, in epoch milliseconds. */
  readonly takenMs: number
  /** What it is a snapshot of: these nodes, all nodes below them, and the nodes above them. */
  readonly roots: readonly string[]
  /** What was left out by choice. */
  readonly exclude: PathFilter
  /** What was left out because it could not be read, with all that is below. */
  readonly unreadable: readonly string[]
  readonly consistency: SnapshotConsistency
  /** Nodes of a `fuzzy` snapshot that others changed or deleted between the two zxids; empty for every other one. */
  readonly moved: readonly string[]
  /** `exact` and `settled` snapshots are the tree as it was at this transaction. */
  readonly fromZxid: bigint
  /** The transaction up to which the tree was watched. */
  readonly toZxid: bigint
  /** Nodes in the snapshot. */
  readonly nodes: number
  /** Bytes of data in them. */
  readonly bytes: bigint
  /** How many of the nodes are ephemeral. */
  readonly ephemerals: number
  /** CRC32C of the nodes, each as its line of JSON with a line feed, whatever codec keeps them. */
  readonly crc32c: number
}

/** What {@link NodeTally} finds out. */
export type SnapshotContent = Pick<SnapshotHeader, 'nodes' | 'bytes' | 'ephemerals' | 'crc32c'>

/** Counts nodes and sums them up, in the same way for the one who writes a snapshot and the one who reads it. */
export class NodeTally {
  #nodes = 0
  #bytes = 0
  #ephemerals = 0
  #crc32c = 0

  /** How many nodes were added so far. */
  get nodes(): number {
    return this.#nodes
  }

  /** What was added so far. */
  get content(): SnapshotContent {
    return { nodes: this.#nodes, bytes: BigInt(this.#bytes), ephemerals: this.#ephemerals, crc32c: this.#crc32c }
  }

  add(node: Znode): void {
    this.#nodes++
    this.#bytes += node.data?.length ?? 0
    if (node.kind === 'ephemeral') this.#ephemerals++
    this.#crc32c = crc32c(`${znodeToJson(node)}\n`, this.#crc32c)
  }
}

const KIND = 'znodes'
const CONSISTENCIES = ['exact', 'settled', 'fuzzy'] as const

/** The header as the item that every codec of znodes can keep: a node with the empty path, which no tree has. */
export function headerToZnode({ exclude, crc32c: sum, ...header }: SnapshotHeader): Znode {
  const json = {
    format: FORMAT_VERSION,
    kind: KIND,
    ...header,
    excludedPaths: exclude.filter((entry) => typeof entry === 'string'),
    excludedPatterns: exclude
      .filter((entry) => entry instanceof RegExp)
      .map(({ source, flags }) => ({ pattern: source, flags })),
    fromZxid: header.fromZxid.toString(),
    toZxid: header.toZxid.toString(),
    bytes: header.bytes.toString(),
    crc32c: sum.toString(16).padStart(8, '0'),
  }
  return { ...untouchedZnode(''), data: new Uint8Array(Buffer.from(JSON.stringify(json))), acl: [] }
}

/**
 * Reads the header of the snapshot at `key`.
 *
 * @throws {@link ArchiveCorruptError} when it is not one.
 * @throws {@link UnsupportedFormatError} when a newer kafkeep wrote it.
 */
export function headerFromZnode(node: Znode | undefined, key: string): SnapshotHeader {
  const fields = new JsonFields(parsedData(node, key), key)
  const format = fields.integer('format', 1)
  if (format > FORMAT_VERSION) {
    throw new UnsupportedFormatError(`${key} has format ${format}; this kafkeep knows ${FORMAT_VERSION}`, {
      hint: 'use a newer kafkeep',
    })
  }
  const kind = fields.string('kind')
  const consistency = CONSISTENCIES.find((known) => known === fields.string('consistency'))
  const sum = fields.string('crc32c')
  if (kind !== KIND || consistency === undefined || !/^[0-9a-f]{8}$/.test(sum)) throw notAHeader(key)
  return {
    takenMs: fields.integer('takenMs'),
    roots: fields.stringList('roots'),
    exclude: [...fields.stringList('excludedPaths'), ...fields.list('excludedPatterns', patternFrom)],
    unreadable: fields.stringList('unreadable'),
    consistency,
    moved: fields.optionalStringList('moved'),
    fromZxid: fields.bigint('fromZxid'),
    toZxid: fields.bigint('toZxid'),
    nodes: fields.integer('nodes'),
    bytes: fields.bigint('bytes'),
    ephemerals: fields.integer('ephemerals'),
    crc32c: Number.parseInt(sum, 16),
  }
}

function parsedData(node: Znode | undefined, key: string): unknown {
  if (node?.path !== '' || node.data === null) throw notAHeader(key)
  try {
    return JSON.parse(Buffer.from(node.data).toString('utf8'))
  } catch (cause) {
    throw notAHeader(key, cause)
  }
}

function patternFrom(fields: JsonFields): RegExp {
  try {
    return new RegExp(fields.string('pattern'), fields.string('flags'))
  } catch (cause) {
    throw notAHeader(fields.key, cause)
  }
}

function notAHeader(key: string, cause?: unknown): ArchiveCorruptError {
  return new ArchiveCorruptError(`${key} does not begin with the header of a znode snapshot`, { key, cause })
}
