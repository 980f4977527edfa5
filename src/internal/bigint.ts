/** The smaller of two. */
export function smaller(a: bigint, b: bigint): bigint {
  return a < b ? a : b
}

/** The larger of two. */
export function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}

/** For `sort`, in ascending order. */
export function ascending(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** The sum of all. */
export function sumOf(items: readonly bigint[]): bigint {
  return items.reduce((sum, item) => sum + item, 0n)
}
