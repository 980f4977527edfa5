import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ZnodeOrder } from '../../../src/znodes/znode-order.js'
import { byPath, upwards } from '../../../src/zookeeper/path.js'

// `-` and `+` sort before `/`: between a node and its children.
const name = fc.string({ unit: fc.constantFrom('a', 'b', '-', '+', '1'), minLength: 1, maxLength: 3 })
const paths = fc
  .array(fc.array(name, { minLength: 1, maxLength: 4 }), { maxLength: 20 })
  .map((all) => ['/', ...all.flatMap((names) => [...upwards(`/${names.join('/')}`)])])
  .map((all) => [...new Set(all)].map((path) => ({ path })).sort(byPath))

function problemsIn(nodes: readonly { readonly path: string }[], unreadable: readonly string[] = []): string[] {
  const order = new ZnodeOrder({ unreadable })
  return nodes.flatMap(({ path }) => order.problemOf(path) ?? [])
}

describe('the order of znodes', () => {
  it('is that of their paths, whatever their names', () => {
    fc.assert(
      fc.property(paths, (nodes) => {
        expect(problemsIn(nodes)).toEqual([])
      }),
    )
  })

  it('has no node without the one above it', () => {
    fc.assert(
      fc.property(paths, fc.nat(), (nodes, pick) => {
        const missing = nodes[pick % nodes.length]
        const rest = nodes.filter((node) => node !== missing)
        const orphans = rest.filter(({ path }) => [...upwards(path)][1] === missing?.path)
        expect(problemsIn(rest)).toEqual(orphans.map(({ path }) => `${path} comes without ${missing?.path}`))
      }),
    )
  })

  it('may have a node that was asked for below one that could not be read', () => {
    const nodes = [{ path: '/' }, { path: '/secret/a' }, { path: '/secret/a/b' }]
    expect(problemsIn(nodes, ['/secret'])).toEqual([])
    expect(problemsIn(nodes)).toEqual(['/secret/a comes without /secret'])
  })

  it('has no node twice, and none too late', () => {
    expect(problemsIn([{ path: '/' }, { path: '/a' }, { path: '/a' }])).toEqual(['/a comes after /a'])
    expect(problemsIn([{ path: '/' }, { path: '/b' }, { path: '/a' }])).toEqual(['/a comes after /b'])
  })
})
