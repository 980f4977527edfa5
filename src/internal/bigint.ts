/** The smaller of two. */
export function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}

/** The larger of two. */
export function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}

/** The earlier of two times in epoch milliseconds; -1 is none. */
export function earlier(a: bigint, b: bigint): bigint {
  return a < 0n || b < 0n ? larger(a, b) : smaller(a, b)
}

/** For `sort`, in ascending order. */
export function ascending(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** The sum of all. */
export function sumOf(items: readonly bigint[]): bigint {
  return items.reduce((sum, item) => sum + item, 0n)
}
