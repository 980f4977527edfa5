import type { Znode } from '../../zookeeper/znode.js'

/** What a server keeps in the field for the session that owns a node, where no session does. */
export const CONTAINER_OWNER = -(2n ** 63n)
const TTL_MARK = 0xff00_0000n << 32n
const TTL_BITS = 40n
const TTL_MASK = (1n << TTL_BITS) - 1n

/** The field of a node that goes when it has not changed for `ttlMs`. */
export function ttlOwner(ttlMs: bigint): bigint {
  return BigInt.asIntN(64, TTL_MARK | (ttlMs & TTL_MASK))
}

/** What ends the life of a node with `owner` in that field. */
export function kindOf(owner: bigint): Pick<Znode, 'kind' | 'ttlMs' | 'ephemeralOwner'> {
  if (owner === 0n) return { kind: 'persistent', ephemeralOwner: 0n }
  if (owner === CONTAINER_OWNER) return { kind: 'container', ephemeralOwner: 0n }
  const field = BigInt.asUintN(64, owner)
  if (field >> TTL_BITS === TTL_MARK >> TTL_BITS) {
    return { kind: 'ttl', ttlMs: field & TTL_MASK, ephemeralOwner: 0n }
  }
  return { kind: 'ephemeral', ephemeralOwner: owner }
}
