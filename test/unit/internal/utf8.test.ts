import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareUtf8 } from '../../../src/internal/utf8.js'

test('orders any two strings as their UTF-8 bytes', () => {
  const text = fc.string({
    unit: fc.constantFrom('a', 'b', '/', '\u00E9', '\uD7FF', '\uE000', '\uFF5E', '\u{10000}', '\u{1F600}'),
  })
  fc.assert(
    fc.property(text, text, (a, b) => {
      expect(Math.sign(compareUtf8(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)))
    }),
    { numRuns: 2_000 },
  )
})
