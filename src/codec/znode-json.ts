import { isZnodePath } from '../zookeeper/path.js'
import type { Acl, Znode } from '../zookeeper/znode.js'
import { bytesToText, JsonLineFields } from './json-fields.js'

const KINDS = ['persistent', 'ephemeral', 'container', 'ttl'] as const

/**
 * A znode as one line of JSON, without the line's end. The same node always gives the same line: checksums of snapshots
 * are made of these lines. Data is `text` where it is UTF-8, else `base64`, or `data: null` where there is none.
 */
export function znodeToJson(node: Znode): string {
  return JSON.stringify({
    path: node.path,
    kind: node.kind,
    ttlMs: node.ttlMs?.toString(),
    ...(node.data === null ? { data: null } : bytesToText(node.data)),
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
  const fields = new JsonLineFields(JSON.parse(line))
  const path = pathFromJson(fields)
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

function dataFromJson(fields: JsonLineFields): Uint8Array | null {
  const data =
    fields.optional('text', () => fields.text('text')) ?? fields.optional('base64', () => fields.base64('base64'))
  return data === undefined ? fields.null('data') : new Uint8Array(data)
}

/** The header of a snapshot is a node with the empty path, which no node of a tree has. */
function pathFromJson(fields: JsonLineFields): string {
  const path = fields.string('path')
  if (path === '' || isZnodePath(path)) return path
  throw new TypeError('`path` is not the path of a znode')
}

function aclFromJson(value: unknown): Acl {
  const fields = new JsonLineFields(value)
  const acl = { permissions: fields.int32('permissions'), scheme: fields.string('scheme'), id: fields.string('id') }
  fields.end()
  return acl
}
