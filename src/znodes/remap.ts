import { isWithin, upwards } from '../zookeeper/path.js'
import { checkedZnodePath } from '../zookeeper/path-filter.js'

interface Rule {
  readonly from: string
  readonly to: string
}

/** Other places for nodes than those they had: a node moves with everything below it. */
export class Remap {
  readonly #rules: readonly Rule[]
  /** The nodes that move. */
  readonly sources: readonly string[]
  /** The nodes above the new places, parents first. */
  readonly above: readonly string[]

  /** @throws TypeError when `remap` is not an object of paths, or two new places are not apart from each other. */
  constructor(remap: Readonly<Record<string, string>> = {}) {
    if (typeof remap !== 'object' || remap === null || Array.isArray(remap)) {
      throw new TypeError("`remap` must be an object of paths, such as { '/kafka': '/kafka-restored' }")
    }
    this.#rules = Object.entries(remap)
      .map(([from, to]) => ({ from: checkedZnodePath('remap', from), to: checkedZnodePath('remap', to) }))
      .sort((one, other) => other.from.length - one.from.length)
    for (const [index, { to }] of this.#rules.entries()) {
      const other = this.#rules.slice(index + 1).find((rule) => isWithin(rule.to, to) || isWithin(to, rule.to))
      if (other !== undefined) {
        throw new TypeError(`\`remap\` moves nodes both to ${to} and to ${other.to}, one of which is in the other`)
      }
    }
    this.sources = this.#rules.map(({ from }) => from)
    const above = new Set(this.#rules.flatMap(({ to }) => [...upwards(to)].slice(1)))
    this.above = [...above].sort()
  }

  /** Where the node that was at `path` is to be. */
  targetOf(path: string): string {
    const rule = this.#ruleOf(path)
    return rule === undefined ? path : moved(path, rule.from, rule.to)
  }

  /** Where the node was that is to be at `target`; `undefined` when no node can be meant to be there. */
  sourceOf(target: string): string | undefined {
    const rule = this.#rules.find(({ to }) => isWithin(target, to))
    const source = rule === undefined ? target : moved(target, rule.to, rule.from)
    return this.targetOf(source) === target ? source : undefined
  }

  /** The new place of others that the node at `path` would get in the way of. */
  collisionOf(path: string): string | undefined {
    const own = this.#ruleOf(path)
    const target = own === undefined ? path : moved(path, own.from, own.to)
    return this.#rules.find((rule) => rule !== own && isWithin(target, rule.to))?.to
  }

  #ruleOf(path: string): Rule | undefined {
    return this.#rules.find(({ from }) => isWithin(path, from))
  }
}

function moved(path: string, from: string, to: string): string {
  const below = from === '/' ? path : path.slice(from.length)
  if (below === '' || below === '/') return to
  return to === '/' ? below : `${to}${below}`
}
