import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FIELD, HEADER_BYTES, LENGTH_OVERHEAD_BYTES, MAGIC } from '../../../src/batch/batch-header.js'
import { passingBatchLists } from '../../../src/codec/log-segments.js'
import { ArchiveCorruptError } from '../../../src/errors.js'

const MIB = 1_048_576

/** What is looked at here: a header with a length, and the same byte all over behind it. */
function batchOf(bytes: number, content: number): Buffer {
  const batch = Buffer.alloc(bytes, content)
  batch.writeInt32BE(bytes - LENGTH_OVERHEAD_BYTES, FIELD.batchLength)
  batch.writeInt8(MAGIC, FIELD.magic)
  return batch
}

/** The bytes in chunks of these sizes, again and again, put where they are wanted or anywhere. */
async function* read(
  bytes: Buffer,
  { sizes, space }: { readonly sizes: readonly number[]; readonly space: (() => Uint8Array) | undefined },
): AsyncGenerator<Uint8Array, void, void> {
  for (let at = 0, index = 0; at < bytes.length; index++) {
    const place = space?.() ?? Buffer.alloc(MIB)
    const length = Math.min(sizes[index % sizes.length] ?? MIB, place.length)
    const chunk = place.subarray(0, bytes.copy(place, 0, at, at + length))
    yield chunk
    at += chunk.length
  }
}

const SIZES = fc.oneof(
  fc.integer({ min: HEADER_BYTES, max: 300 }),
  fc.integer({ min: HEADER_BYTES, max: 700_000 }),
  fc.integer({ min: MIB, max: 5 * MIB }),
)

describe('batches that pass by', () => {
  it('come out as they went in, and stay until the next list but one is asked for', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(SIZES, { minLength: 1, maxLength: 12 }),
        fc.array(fc.oneof(fc.integer({ min: 1_000, max: 3_000 }), fc.constant(MIB)), { minLength: 1, maxLength: 3 }),
        fc.boolean(),
        async (batchSizes, sizes, inPlace) => {
          const batches = batchSizes.map((bytes, index) => batchOf(bytes, index + 1))
          const bytes = Buffer.concat(batches)
          const lists = passingBatchLists((space) => read(bytes, { sizes, space: inPlace ? space : undefined }), {})
          let count = 0
          let before: readonly { readonly bytes: Buffer }[] = []
          for await (const list of lists) {
            const first = count - before.length
            for (const [index, batch] of [...before, ...list].entries()) {
              expect(batches[first + index]?.equals(batch.bytes)).toBe(true)
            }
            count += list.length
            before = list
          }
          expect(count).toBe(batches.length)
        },
      ),
      { numRuns: 60 },
    )
  }, 60_000)

  it('take up little memory, which is used again', async () => {
    const batches = Array.from({ length: 64 }, (_, index) => batchOf(300_000, index))
    const memory = new Set<ArrayBufferLike>()
    const bytes = Buffer.concat(batches)
    for await (const list of passingBatchLists((space) => read(bytes, { sizes: [MIB], space }), {})) {
      for (const batch of list) memory.add(batch.bytes.buffer)
    }
    expect(memory.size).toBe(2)
  })

  it('are damaged when the bytes end inside one', async () => {
    const bytes = Buffer.concat([batchOf(100, 1), batchOf(100, 2).subarray(0, 50)])
    const lists = passingBatchLists((space) => read(bytes, { sizes: [70], space }), {})
    expect((await lists.next()).value).toHaveLength(1)
    await expect(lists.next()).rejects.toThrow(
      new ArchiveCorruptError('a log segment ends 50 bytes into a record batch'),
    )
  })
})
