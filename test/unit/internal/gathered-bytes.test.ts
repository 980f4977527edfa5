import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GatheredBytes } from '../../../src/internal/gathered-bytes.js'

/** A thing is as many bytes as its first byte says. */
function thingsIn(piece: Buffer): { readonly things: Buffer[]; readonly rest: Buffer } {
  const things: Buffer[] = []
  let position = 0
  for (let size = piece[0]; size !== undefined && position + size <= piece.length; size = piece[position]) {
    things.push(piece.subarray(position, position + size))
    position += size
  }
  return { things, rest: piece.subarray(position) }
}

function allThings(chunks: readonly Buffer[]): { readonly things: Buffer[]; readonly left: number } {
  const gathered = new GatheredBytes()
  const all: Buffer[] = []
  for (const chunk of chunks) {
    gathered.add(chunk)
    for (let piece = gathered.next(); piece !== undefined; piece = gathered.next()) {
      const { things, rest } = thingsIn(piece)
      all.push(...things)
      gathered.keep(rest, rest[0])
    }
  }
  return { things: all, left: gathered.length }
}

describe('GatheredBytes', () => {
  it('gives every whole thing, whatever the chunks, and says how much is left', () => {
    const thing = fc.integer({ min: 1, max: 40 }).map((size) => Buffer.alloc(size, size))
    fc.assert(
      fc.property(
        fc.array(thing, { minLength: 1 }),
        fc.array(fc.integer({ min: 0, max: 50 })),
        fc.nat({ max: 30 }),
        (things, sizes, missing) => {
          const whole = Buffer.concat(things)
          const bytes = whole.subarray(0, Math.max(0, whole.length - missing))
          const chunks: Buffer[] = []
          let position = 0
          for (const size of [...sizes, bytes.length]) {
            chunks.push(bytes.subarray(position, position + size))
            position += size
          }
          const expected = thingsIn(bytes)
          expect(allThings(chunks)).toEqual({ things: expected.things, left: expected.rest.length })
        },
      ),
    )
  })

  it('copies only what lies across the border of two chunks', () => {
    const chunks = [Buffer.of(2, 2, 4, 4), Buffer.of(4, 4, 3, 3, 3)].map((bytes) => Buffer.from(bytes))
    const { things } = allThings(chunks)
    expect(things.map((bytes) => [...bytes])).toEqual([
      [2, 2],
      [4, 4, 4, 4],
      [3, 3, 3],
    ])
    for (const chunk of chunks) chunk.fill(0)
    expect(things.map((bytes) => [...bytes])).toEqual([
      [0, 0],
      [4, 4, 4, 4],
      [0, 0, 0],
    ])
  })
})
