/**
 * Joins checksums without looking at bytes again. A CRC is a remainder of polynomials over GF(2): what stands before
 * `n` more bytes counts `x^(8n)` times, so a multiplication and an addition (exclusive or) join two. Numbers are
 * reflected: the highest bit is the coefficient of `x^0`. Polynomial: Castagnoli's, RFC 3720 appendix B.4.
 */

const POLYNOMIAL = 0x82f63b78
const X_TO_THE_0 = 0x80000000
const X_TO_THE_8 = 0x00800000
const LENGTH_BITS = 53
const HIGHEST_BIT = 31

/** Lengths repeat: batches of one producer are of the same size again and again. */
const REMEMBERED_LENGTHS = 256
const shifts = new Map<number, number>()

/** CRC32C of two pieces of bytes, one after the other; `secondBytes` is how long the second is. */
export function combineCrc32c(first: number, second: number, secondBytes: number): number {
  return (multiply(shiftBy(secondBytes), first) ^ second) >>> 0
}

/**
 * CRC32C of what `before` is the checksum of, and of the few bytes from `start` to `end` behind it. To call native code
 * for as little as the head of a batch would take longer.
 */
export function extendCrc32c(before: number, bytes: Buffer, start: number, end: number): number {
  let sum = ~before
  for (let index = start; index < end; index++) {
    sum = (sum >>> 8) ^ (REMAINDERS[(sum ^ (bytes[index] ?? 0)) & 0xff] ?? 0)
  }
  return ~sum >>> 0
}

/** `x^(8 * bytes)`. */
function shiftBy(bytes: number): number {
  const known = shifts.get(bytes)
  if (known !== undefined) return known
  let shift = X_TO_THE_0
  for (let bit = 0, rest = bytes; rest > 0; bit++, rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) shift = multiply(POWERS[bit] ?? 0, shift)
  }
  if (shifts.size >= REMEMBERED_LENGTHS) shifts.clear()
  shifts.set(bytes, shift)
  return shift
}

/** Without branches: which way they go is as good as random, and a wrong guess costs more than the sum. */
function multiply(a: number, b: number): number {
  let product = 0
  let factor = b
  for (let bit = HIGHEST_BIT; bit >= 0; bit--) {
    product ^= factor & -((a >>> bit) & 1)
    factor = timesX(factor)
  }
  return product >>> 0
}

function timesX(factor: number): number {
  return (factor >>> 1) ^ (POLYNOMIAL & -(factor & 1))
}

/** `x^(8 * 2^k)` for each k. */
const POWERS: readonly number[] = Array.from({ length: LENGTH_BITS }, (_, index) => index).reduce<number[]>(
  (powers) => {
    const last = powers.at(-1)
    powers.push(last === undefined ? X_TO_THE_8 : multiply(last, last))
    return powers
  },
  [],
)

/** What each byte leaves behind once it is shifted out. */
const REMAINDERS = Int32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte
  for (let bit = 0; bit < 8; bit++) remainder = timesX(remainder)
  return remainder
})
