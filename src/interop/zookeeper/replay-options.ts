import { integerOption } from '../../internal/options.js'
import { LAST_ZXID } from './zxid.js'

/** How far transactions are replayed, in every layout that does so. */
export interface ReplayOptions {
  /**
   * Leaves out every transaction behind this one, as if the server had been stopped then: to go back to just before
   * something was deleted. From 1 on.
   *
   * @defaultValue all are replayed
   */
  readonly toZxid?: bigint | undefined
  /**
   * The most that a tree may take in memory, in bytes: its names, its data, and a hundred bytes for each node. A
   * compressed file may become a thousand times larger. 1 MiB to 2 GiB.
   *
   * @defaultValue `1_073_741_824` (1 GiB)
   */
  readonly maxTreeBytes?: number | undefined
}

const DEFAULTS = { maxTreeBytes: 1_073_741_824 } as const
const MIN_TREE_BYTES = 1_048_576
/** A store of nodes has positions for 8 GiB, of which a part may be left lying, and a part is lost between large nodes. */
const MAX_TREE_BYTES = 2_147_483_648

/** Checks the options. @throws TypeError or RangeError when one is wrong. */
export function replayOptions({ toZxid, maxTreeBytes }: ReplayOptions) {
  if (toZxid !== undefined && typeof toZxid !== 'bigint') {
    throw new TypeError(`\`toZxid\` must be a bigint, got ${String(toZxid)}`)
  }
  if (toZxid !== undefined && (toZxid < 1n || toZxid > LAST_ZXID)) {
    throw new RangeError(`\`toZxid\` must be from 1 to ${LAST_ZXID}, got ${toZxid}`)
  }
  return {
    until: toZxid ?? LAST_ZXID,
    maxTreeBytes: integerOption('maxTreeBytes', maxTreeBytes, DEFAULTS.maxTreeBytes, {
      min: MIN_TREE_BYTES,
      max: MAX_TREE_BYTES,
    }),
  }
}
