/** Whether `path` is an absolute znode path as ZooKeeper accepts it. */
export function isZnodePath(path: string): boolean {
  if (path === '/') return true
  if (!path.startsWith('/') || path.includes('\0')) return false
  return path
    .slice(1)
    .split('/')
    .every((name) => name !== '' && name !== '.' && name !== '..')
}

/** The node above `path`; `undefined` for the root. */
export function parentOf(path: string): string | undefined {
  if (path === '/') return undefined
  return path.slice(0, path.lastIndexOf('/')) || '/'
}

/** The child `name` of `parent`. */
export function childOf(parent: string, name: string): string {
  return parent === '/' ? `/${name}` : `${parent}/${name}`
}

/** Whether `path` is `top` or lies below it. */
export function isWithin(path: string, top: string): boolean {
  return top === '/' || path === top || path.startsWith(`${top}/`)
}

/** `path` and every node above it, from `path` up to the root. */
export function* upwards(path: string): Generator<string> {
  for (let current: string | undefined = path; current !== undefined; current = parentOf(current)) yield current
}

/** Compares so that every parent comes before its children. */
export function byPath(one: { readonly path: string }, other: { readonly path: string }): number {
  if (one.path === other.path) return 0
  return one.path < other.path ? -1 : 1
}
