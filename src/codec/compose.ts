import { portOption } from '../internal/options.js'
import type { BytesCodec, Codec } from './codec.js'

const EXTENSION = /^(?:\.[A-Za-z0-9_-]+)+$/

/**
 * A codec whose bytes go through `transforms`, the first one first: `compose(logSegments(), gzip(), encrypted({ … }))`
 * compresses and then encrypts, under the extension `.log.gz.age`. Reading undoes them in the opposite order.
 *
 * @throws TypeError when an argument is no codec.
 */
export function compose<T>(codec: Codec<T>, ...transforms: readonly BytesCodec[]): Codec<T> {
  checkCodec('codec', codec)
  transforms.forEach((transform, index) => {
    checkCodec(`transforms[${index}]`, transform)
  })
  const all = [codec, ...transforms]
  return {
    id: all.map(({ id }) => id).join('+'),
    extension: all.map(({ extension }) => extension).join(''),
    lossless: all.every(({ lossless }) => lossless),
    // A byte range of the object is none of what the codec wrote.
    seekable: codec.seekable && transforms.length === 0,
    encode: (items, options) =>
      transforms.reduce((bytes, transform) => transform.encode(bytes, options), codec.encode(items, options)),
    decode: (bytes, options) =>
      codec.decode(
        transforms.reduceRight((inner, transform) => transform.decode(inner, options), bytes),
        options,
      ),
  }
}

function checkCodec<T>(name: string, codec: Codec<T>): void {
  const { id, extension } = portOption(name, codec, ['encode', 'decode'])
  if (typeof id !== 'string' || id === '') throw new TypeError(`\`${name}\` must have an \`id\``)
  if (typeof extension === 'string' && EXTENSION.test(extension)) return
  throw new TypeError(`\`${name}\` must have an \`extension\` such as '.log', got ${String(extension)}`)
}
