import { Buffer, isUtf8 } from 'node:buffer'
import { isZnodePath } from '../zookeeper/path.js'
import type { Acl, Znode } from '../zookeeper/znode.js'

const KINDS = ['persistent', 'ephemeral', 'container', 'ttl'] as const
const INT32 = { min: -(2n ** 31n), max: 2n ** 31n - 1n }
const INT64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n }

/**
 * A znode as one line of JSON, without the line's end. The same node always gives the same line: checksums of snapshots
 * are made of these lines. Data is `text` where it is UTF-8, else `base64`, or `data: null` where there is none.
 */
export function znodeToJson(node: Znode): string {
  return JSON.stringify({
    path: node.path,
    kind: node.kind,
    ttlMs: node.ttlMs?.toString(),
    ...dataToJson(node.data),
    acl: node.acl.map(({ permissions, scheme, id }) => ({ permissions, scheme, id })),
    aclRedacted: node.aclRedacted === true ? true : undefined,
    version: node.version,
    childrenVersion: node.childrenVersion,
    aclVersion: node.aclVersion,
    sequence: node.sequence,
    childCount: node.childCount,
    createdZxid: node.createdZxid.toString(),
    modifiedZxid: node.modifiedZxid.toString(),
    childrenZxid: node.childrenZxid.toString(),
    createdMs: node.createdMs.toString(),
    modifiedMs: node.modifiedMs.toString(),
    ephemeralOwner: node.ephemeralOwner.toString(),
  })
}

/**
 * The znode of one line.
 *
 * @throws TypeError that names the field which is missing, unknown or not what it must be.
 */
export function znodeFromJson(line: string): Znode {
  const fields = new Fields(JSON.parse(line))
  const path = fields.path()
  const kind = fields.oneOf('kind', KINDS)
  const ttlMs = fields.optional('ttlMs', () => fields.int64('ttlMs'))
  const data = dataFromJson(fields)
  const acl = fields.list('acl', aclFromJson)
  const aclRedacted = fields.optional('aclRedacted', () => fields.true('aclRedacted'))
  const node: Znode = {
    path,
    data,
    acl,
    ...(aclRedacted === undefined ? {} : { aclRedacted }),
    kind,
    ...(ttlMs === undefined ? {} : { ttlMs }),
    version: fields.int32('version'),
    childrenVersion: fields.int32('childrenVersion'),
    aclVersion: fields.int32('aclVersion'),
    sequence: fields.int32('sequence'),
    childCount: fields.int32('childCount'),
    createdZxid: fields.int64('createdZxid'),
    modifiedZxid: fields.int64('modifiedZxid'),
    childrenZxid: fields.int64('childrenZxid'),
    createdMs: fields.int64('createdMs'),
    modifiedMs: fields.int64('modifiedMs'),
    ephemeralOwner: fields.int64('ephemeralOwner'),
  }
  fields.end()
  return node
}

function dataToJson(data: Uint8Array | null): object {
  if (data === null) return { data: null }
  const content = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  return isUtf8(content) ? { text: content.toString('utf8') } : { base64: content.toString('base64') }
}

function dataFromJson(fields: Fields): Uint8Array | null {
  const text = fields.optional('text', () => fields.string('text'))
  if (text !== undefined) return new Uint8Array(Buffer.from(text))
  const base64 = fields.optional('base64', () => fields.base64('base64'))
  if (base64 !== undefined) return base64
  return fields.null('data')
}

function aclFromJson(value: unknown): Acl {
  const fields = new Fields(value)
  const acl = { permissions: fields.int32('permissions'), scheme: fields.string('scheme'), id: fields.string('id') }
  fields.end()
  return acl
}

/** The fields of an object from outside: each is taken once, and none may be left over. */
class Fields {
  readonly #left: Map<string, unknown>

  constructor(value: unknown) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new TypeError('not an object')
    this.#left = new Map(Object.entries(value))
  }

  optional<T>(name: string, take: () => T): T | undefined {
    return this.#left.has(name) ? take() : undefined
  }

  string(name: string): string {
    return this.#take(name, (value): value is string => typeof value === 'string')
  }

  /** The header of a snapshot is a node with the empty path, which no node of a tree has. */
  path(): string {
    const path = this.string('path')
    if (path === '' || isZnodePath(path)) return path
    throw new TypeError('`path` is not the path of a znode')
  }

  null(name: string): null {
    return this.#take(name, (value): value is null => value === null)
  }

  true(name: string): true {
    return this.#take(name, (value): value is true => value === true)
  }

  oneOf<T extends string>(name: string, choices: readonly T[]): T {
    return this.#take(name, (value): value is T => choices.some((choice) => choice === value))
  }

  list<T>(name: string, item: (value: unknown) => T): T[] {
    return this.#take(name, (value): value is unknown[] => Array.isArray(value)).map(item)
  }

  base64(name: string): Uint8Array {
    const text = this.string(name)
    const bytes = Buffer.from(text, 'base64')
    if (bytes.toString('base64') !== text) throw new TypeError(`\`${name}\` is not base64`)
    return new Uint8Array(bytes)
  }

  int32(name: string): number {
    return this.#take(name, (value): value is number => {
      return typeof value === 'number' && Number.isInteger(value) && value >= INT32.min && value <= INT32.max
    })
  }

  /** A 64-bit number, which JSON holds safely only as a string. */
  int64(name: string): bigint {
    const text = this.string(name)
    const value = /^(?:0|-?[1-9]\d{0,18})$/.test(text) ? BigInt(text) : undefined
    if (value !== undefined && value >= INT64.min && value <= INT64.max) return value
    throw new TypeError(`\`${name}\` is not a 64-bit number`)
  }

  end(): void {
    for (const name of this.#left.keys()) throw new TypeError(`\`${name}\` is not a known field, or is one too many`)
  }

  #take<T>(name: string, fits: (value: unknown) => value is T): T {
    const value = this.#left.get(name)
    this.#left.delete(name)
    if (fits(value)) return value
    throw new TypeError(`\`${name}\` is missing or not what it must be`)
  }
}
