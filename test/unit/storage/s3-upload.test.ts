import fc from 'fast-check'
import { expect, test } from 'vitest'
import { bodyParts } from '../../../src/storage/s3-upload.js'
import { all, inPieces, pattern } from '../../../src/testing/storage-contract/support.js'

test('cuts any body into full parts and a last one that is known as such', async () => {
  const sizes = { bytes: fc.nat(200), piece: fc.integer({ min: 1, max: 50 }), part: fc.integer({ min: 1, max: 60 }) }
  await fc.assert(
    fc.asyncProperty(fc.record(sizes), async ({ bytes, piece, part }) => {
      const parts = await all(bodyParts(inPieces(pattern(bytes), piece)(), part))
      expect(Buffer.concat(parts.map((each) => each.bytes)).equals(pattern(bytes))).toBe(true)
      expect(parts).toHaveLength(Math.max(1, Math.ceil(bytes / part)))
      for (const each of parts.slice(0, -1)) expect([each.bytes.length, each.last]).toEqual([part, false])
      expect(parts.at(-1)?.last).toBe(true)
    }),
  )
})
