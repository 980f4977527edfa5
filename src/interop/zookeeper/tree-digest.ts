import { Buffer } from 'node:buffer'
import { crc32 } from '@node-rs/crc32'
import type { ReplayedTree } from './replayed-tree.js'

const STAT_BYTES = 60
/** The server's own nodes do not count. */
const LEFT_OUT = '/zookeeper/'

/**
 * The digest of a tree as servers have computed it since ZooKeeper 3.6: the sum of a CRC-32 of each node's path, data and
 * counters. They write it into their files, so that it tells whether a tree is the one that they had. ACLs are not in it.
 */
export function treeDigest(tree: ReplayedTree): bigint {
  const counters = Buffer.alloc(STAT_BYTES)
  let sum = 0n
  for (const { path, data, stat } of tree.stored()) {
    if (path.startsWith(LEFT_OUT)) continue
    const longs = [stat.createdZxid, stat.modifiedZxid, stat.childrenZxid, stat.createdMs, stat.modifiedMs]
    for (const [index, value] of longs.entries()) counters.writeBigInt64BE(value, 8 * index)
    counters.writeInt32BE(stat.version, 40)
    counters.writeInt32BE(stat.childrenVersion, 44)
    counters.writeInt32BE(stat.aclVersion, 48)
    counters.writeBigInt64BE(stat.ephemeralOwner, 52)
    const content = crc32(data ?? new Uint8Array(), crc32(path === '/' ? '' : path))
    sum += BigInt(crc32(counters, content))
  }
  return BigInt.asIntN(64, sum)
}
