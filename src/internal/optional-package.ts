import { createRequire } from 'node:module'
import { UnsupportedFormatError } from '../errors.js'

const require = createRequire(import.meta.url)
const loaded = new Map<string, unknown>()

/**
 * Loads a package that is installed only where it is needed, at the moment it is needed.
 *
 * @throws {@link UnsupportedFormatError} that names the package, when it is not installed.
 */
export function optionalPackage(name: string, neededFor: string): unknown {
  const known = loaded.get(name)
  if (known !== undefined) return known
  try {
    const module: unknown = require(name)
    loaded.set(name, module)
    return module
  } catch (cause) {
    throw missingPackage(name, neededFor, cause)
  }
}

/** Says that a package which this needs is not installed, or is broken. */
export function missingPackage(name: string, neededFor: string, cause: unknown): UnsupportedFormatError {
  return new UnsupportedFormatError(`${neededFor} needs the package ${name}, which cannot be loaded`, {
    hint: `npm i ${name}`,
    cause,
  })
}
