import { portOption } from '../internal/options.js'
import type { Codec } from './codec.js'

const EXTENSION = /^(?:\.[A-Za-z0-9_-]+)+$/
/** Endings that mean something else in an archive. */
const TAKEN = ['.aborted.json', '.gap']

/** Checks that `codec` is one whose objects an archive can hold and find again. */
export function codecOption<T>(name: string, codec: Codec<T>): Codec<T> {
  const { extension } = portOption(name, codec, ['encode', 'decode'])
  const taken = TAKEN.some((ending) => String(extension).endsWith(ending))
  if (typeof extension === 'string' && EXTENSION.test(extension) && !taken) return codec
  throw new TypeError(`\`${name}\` must have an \`extension\` such as '.log.gz', got ${String(extension)}`)
}
