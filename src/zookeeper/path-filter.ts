import { isWithin, isZnodePath, upwards } from './path.js'

/**
 * Selects znodes by path. A string means that path and everything below it; a pattern means every path it matches and
 * everything below that.
 */
export type PathFilter = readonly (string | RegExp)[]

/** Returns a filter's own copy, with patterns that keep no state between two tests. */
export function pathFilterOption(name: string, filter: PathFilter | undefined, fallback: PathFilter): PathFilter {
  const result = filter ?? fallback
  if (!Array.isArray(result)) throw new TypeError(`\`${name}\` must be an array of paths and patterns`)
  return result.map((entry: unknown) => {
    if (entry instanceof RegExp) return new RegExp(entry.source, entry.flags.replace(/[gy]/g, ''))
    return checkedZnodePath(name, entry)
  })
}

/** Returns a list of paths after checking each of them. */
export function pathsOption(
  name: string,
  paths: readonly string[] | undefined,
  fallback: readonly string[],
): readonly string[] {
  const result = paths ?? fallback
  if (!Array.isArray(result) || result.length === 0) throw new TypeError(`\`${name}\` must be an array of paths`)
  return result.map((path: unknown) => checkedZnodePath(name, path))
}

/** Whether `filter` selects `path` or a node above it. */
export function matchesPath(filter: PathFilter, path: string): boolean {
  return filter.some((entry) => {
    if (typeof entry === 'string') return isWithin(path, entry)
    for (const above of upwards(path)) if (entry.test(above)) return true
    return false
  })
}

/** Returns `value` after checking that it is the path of a znode. */
export function checkedZnodePath(name: string, value: unknown): string {
  if (typeof value === 'string' && isZnodePath(value)) return value
  throw new TypeError(`\`${name}\` must hold absolute znode paths such as '/brokers', got ${String(value)}`)
}
