import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { type CodecContract, decode, encode, isDamage, pieces, places, streamOf } from './support.js'

const PIECE_BYTES = 65_536

/** What becomes of objects that are not as they were written. */
export function damageContract<T>(contract: CodecContract<T>): void {
  cuts(contract)
  flips(contract)
  additions(contract)
}

function cuts<T>(contract: CodecContract<T>): void {
  const { test, codec, items, noticesCuts } = contract
  const name = noticesCuts
    ? 'never takes a cut-off object for a whole one'
    : 'takes a cut-off object for a whole one only where it is one, of fewer items'
  test(name, async () => {
    const bytes = await encode(codec, items)
    for (const length of places(bytes.length)) {
      const cut = bytes.subarray(0, length)
      const left = await itemsOrDamage(contract, cut)
      if (left === undefined) continue
      assert.equal(noticesCuts, false, `${length} of ${bytes.length} bytes are taken for a whole object`)
      assert.ok(cut.equals(await encode(codec, left)), `${length} of ${bytes.length} bytes give other items`)
    }
  })
}

function flips<T>(contract: CodecContract<T>): void {
  const { test, codec, items, equal, noticesFlips } = contract
  const name = noticesFlips
    ? 'never gives other items for flipped bits'
    : 'ends in items or in an error of its own for flipped bits'
  test(name, async () => {
    const bytes = await encode(codec, items)
    for (const place of places(bytes.length)) {
      const flipped = Buffer.from(bytes)
      flipped[place] = (flipped[place] ?? 0) ^ (1 << (place % 8))
      const left = await itemsOrDamage(contract, flipped)
      if (left === undefined || !noticesFlips) continue
      assert.ok(equal(left, items), `a flipped bit in byte ${place} gives other items`)
    }
  })
}

function additions<T>(contract: CodecContract<T>): void {
  const { test, codec, items, noticesCuts } = contract
  if (!noticesCuts) return
  test('notices bytes behind the end', async () => {
    const bytes = await encode(codec, items)
    for (const more of [Buffer.from('x'), Buffer.from('more\n'), Buffer.alloc(10)]) {
      assert.equal(await itemsOrDamage(contract, Buffer.concat([bytes, more])), undefined)
    }
  })
}

/** The items, or nothing where the bytes are known to be damaged. Any other error is one of the codec. */
async function itemsOrDamage<T>({ codec }: CodecContract<T>, bytes: Buffer): Promise<T[] | undefined> {
  try {
    return await decode(codec, streamOf(pieces(bytes, PIECE_BYTES)))
  } catch (error) {
    if (isDamage(error)) return undefined
    throw error
  }
}
