import { larger, smaller } from '../internal/bigint.js'
import type { OffsetRange } from './names.js'

/** The offsets that are in both. */
export function overlap(one: OffsetRange, other: OffsetRange): OffsetRange | undefined {
  const from = larger(one.from, other.from)
  const next = smaller(one.next, other.next)
  return from < next ? { from, next } : undefined
}

/** Whether all offsets of one are in the other. */
export function isWithin(one: OffsetRange, other: OffsetRange): boolean {
  return one.from >= other.from && one.next <= other.next
}

/** A range of offsets, in words. */
export function offsetsOf({ from, next }: OffsetRange): string {
  return `offsets ${from} to ${next - 1n}`
}

/** What is left of each of `ranges` without `holes`; a range with a hole in its middle becomes two. */
export function outside<R extends OffsetRange>(ranges: readonly R[], holes: readonly OffsetRange[]): R[] {
  return ranges.flatMap((range) =>
    holes
      .filter((hole) => overlap(range, hole) !== undefined)
      .reduce((left, hole) => left.flatMap((piece) => beside(piece, hole)), [range]),
  )
}

function beside<R extends OffsetRange>(range: R, hole: OffsetRange): R[] {
  const before = { ...range, next: smaller(range.next, hole.from) }
  const behind = { ...range, from: larger(range.from, hole.next) }
  return [before, behind].filter(({ from, next }) => from < next)
}
