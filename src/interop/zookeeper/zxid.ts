const EPOCH_BITS = 32n
/** The largest number of a transaction. */
export const LAST_ZXID = (1n << 63n) - 1n

/**
 * Whether a transaction may come right after another one. Zxids count up by one; each new leader begins at one in the
 * upper half of the number, which then is larger.
 */
export function follows(before: bigint, zxid: bigint): boolean {
  return zxid === before + 1n || (isFirstOfEpoch(zxid) && zxid > before)
}

/** Whether a transaction may be the first one that there ever was: of a server alone, or of the first leader. */
export function isFirstEver(zxid: bigint): boolean {
  return zxid === 1n || zxid === (1n << EPOCH_BITS) + 1n
}

function isFirstOfEpoch(zxid: bigint): boolean {
  return BigInt.asUintN(32, zxid) === 1n
}
