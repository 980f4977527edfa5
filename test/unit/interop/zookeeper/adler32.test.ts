import { deflateSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Adler32 } from '../../../../src/interop/zookeeper/adler32.js'

it('Adler32 is what zlib puts behind its streams, however the bytes are divided', () => {
  const ofZlib = (bytes: Uint8Array) => deflateSync(bytes).readUInt32BE(deflateSync(bytes).length - 4)
  fc.assert(
    fc.property(fc.array(fc.uint8Array()), (chunks) => {
      const sum = new Adler32()
      for (const chunk of chunks) sum.add(chunk)
      expect(sum.value).toBe(ofZlib(Buffer.concat(chunks)))
    }),
  )
  const large = new Uint8Array(1_000_003).fill(255)
  expect(new Adler32().add(large).value).toBe(ofZlib(large))
})
