import { Buffer } from 'node:buffer'
import type { ZnodeStat } from '../zookeeper/znode.js'

/** A node as it was read, with its access control list as a number. */
export interface NumberedReading {
  readonly stat: ZnodeStat
  readonly acl: number
  readonly data: Uint8Array | null
}

const LONG_BYTES = 8
const MAX_NUMBER_BYTES = 5
const MAX_HEAD_BYTES = 1 + 6 * LONG_BYTES + 6 * MAX_NUMBER_BYTES
const NO_DATA = 0

const scratch = Buffer.alloc(MAX_HEAD_BYTES)

/**
 * The numbers of a reading as few bytes, behind which its data is to be put: a byte whose bits tell which of the four
 * 64-bit numbers that are mostly the creation's, or 0, are not; the creation; those; and smaller numbers in as many
 * bytes as they need. The bytes are good until the next call.
 */
export function packedHead({ stat, acl, data }: NumberedReading): Buffer {
  let flags = 0
  let end = 1
  const long = (value: bigint) => {
    end = scratch.writeBigInt64BE(value, end)
  }
  const unusual = (bit: number, value: bigint, usual: bigint) => {
    if (value === usual) return
    flags |= 1 << bit
    long(value)
  }
  const number = (value: number) => {
    let rest = value >>> 0
    for (; rest > 0x7f; rest >>>= 7) {
      scratch[end] = (rest & 0x7f) | 0x80
      end += 1
    }
    scratch[end] = rest
    end += 1
  }
  long(stat.createdZxid)
  long(stat.createdMs)
  unusual(0, stat.modifiedZxid, stat.createdZxid)
  unusual(1, stat.childrenZxid, stat.createdZxid)
  unusual(2, stat.modifiedMs, stat.createdMs)
  unusual(3, stat.ephemeralOwner, 0n)
  number(stat.version)
  number(stat.childrenVersion)
  number(stat.aclVersion)
  number(stat.childCount)
  number(acl)
  number(data === null ? NO_DATA : data.length + 1)
  scratch[0] = flags
  return scratch.subarray(0, end)
}

/** Reads what {@link packedHead} made, and answers where in `bytes` the data is, too. */
export function unpacked(bytes: Buffer, start: number) {
  const flags = bytes[start] ?? 0
  let end = start + 1
  const long = () => {
    const value = bytes.readBigInt64BE(end)
    end += LONG_BYTES
    return value
  }
  const unusual = (bit: number, usual: bigint) => ((flags & (1 << bit)) === 0 ? usual : long())
  const number = () => {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[end] ?? 0
      end += 1
      value |= (byte & 0x7f) << shift
      if (byte <= 0x7f) return value
    }
  }
  const createdZxid = long()
  const createdMs = long()
  const stat: ZnodeStat = {
    createdZxid,
    createdMs,
    modifiedZxid: unusual(0, createdZxid),
    childrenZxid: unusual(1, createdZxid),
    modifiedMs: unusual(2, createdMs),
    ephemeralOwner: unusual(3, 0n),
    version: number(),
    childrenVersion: number(),
    aclVersion: number(),
    childCount: number(),
  }
  const acl = number()
  const size = number()
  const dataStart = end
  end += Math.max(0, size - 1)
  return { stat, acl, dataStart: size === NO_DATA ? undefined : dataStart, end }
}
