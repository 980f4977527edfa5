import { Buffer } from 'node:buffer'
import { parentOf } from '../zookeeper/path.js'
import { untouchedZnode, type Znode } from '../zookeeper/znode.js'
import { inHand, type NodeInHand } from './node-in-hand.js'
import { OpenNodes } from './open-nodes.js'
import { QUOTAS, type Selection } from './select.js'
import type { Survey } from './survey-snapshot.js'

/** A node comes, after the one above it; or all its children have come. */
export interface Visit {
  readonly type: 'enter' | 'leave'
  readonly hand: NodeInHand
}

interface WalkOptions {
  readonly selection: Selection
  readonly survey: Survey
}

/** Visits the selected nodes of a snapshot where they come to be, quotas last. */
export async function* walkSnapshot(
  nodes: AsyncIterable<Znode>,
  options: WalkOptions,
): AsyncGenerator<Visit, void, void> {
  const { selection } = options
  const landings = landingsOf(options)
  for (const hand of landings.values()) yield { type: 'enter', hand }
  const isLanding = new Set(landings.values())
  const open = new OpenNodes<NodeInHand>()
  const quotas: Znode[] = []
  for await (const node of nodes) {
    for (const hand of open.closeBefore(node.path)) if (!isLanding.has(hand)) yield { type: 'leave', hand }
    if (selection.includesQuota(node.path)) quotas.push(node)
    if (!selection.includes(node.path)) continue
    const path = selection.targetOf(node.path)
    const landing = landings.get(path)
    const hand = landing ?? handOf(node, { path, parent: open.parentOf(node.path), landings, selection })
    if (landing === undefined) yield { type: 'enter', hand }
    open.open(node.path, hand)
  }
  for (const hand of open.closeAll()) if (!isLanding.has(hand)) yield { type: 'leave', hand }
  for (const hand of [...landings.values()].reverse()) yield { type: 'leave', hand }
  yield* visitQuotas(quotas)
}

function handOf(
  node: Znode,
  options: {
    readonly path: string
    readonly parent: NodeInHand | undefined
    readonly landings: ReadonlyMap<string | undefined, NodeInHand>
    readonly selection: Selection
  },
): NodeInHand {
  const { path, landings, selection } = options
  const landing = landings.size === 0 ? undefined : landings.get(parentOf(path))
  return inHand({
    node: path === node.path ? node : { ...node, path },
    wanted: selection.isWanted(node.path),
    parent: landing ?? options.parent,
  })
}

/** They come first, because in the order of the snapshot they may come after what is to be below them. */
function landingsOf({ selection, survey }: WalkOptions): ReadonlyMap<string | undefined, NodeInHand> {
  const landings = new Map<string | undefined, NodeInHand>()
  for (const path of selection.landings) {
    const source = survey.landings.get(path)
    const node = source === undefined ? untouchedZnode(path) : { ...source, path }
    const wanted = source !== undefined && selection.isWanted(source.path)
    landings.set(path, inHand({ node, wanted, parent: landings.get(parentOf(path)) }))
  }
  return landings
}

const STATISTICS = '/zookeeper_stats'
const NOTHING_COUNTED = new Uint8Array(Buffer.from('count=0,bytes=0'))

/**
 * Limits come last: they would count what the restore itself brings back. What is in use below a limit the server counts
 * anew when the node for it is created, and keeps up to date by itself.
 */
function* visitQuotas(quotas: readonly Znode[]): Generator<Visit, void, void> {
  if (quotas.length === 0) return
  const top = inHand({ node: untouchedZnode(QUOTAS), wanted: false, parent: undefined })
  yield { type: 'enter', hand: top }
  const open = new OpenNodes<NodeInHand>()
  for (const quota of quotas) {
    for (const hand of open.closeBefore(quota.path)) yield { type: 'leave', hand }
    const counts = quota.path.endsWith(STATISTICS)
    const node = counts ? { ...quota, data: NOTHING_COUNTED } : quota
    const hand = inHand({ node, wanted: !counts, parent: open.parentOf(quota.path) ?? top })
    yield { type: 'enter', hand }
    open.open(quota.path, hand)
  }
  for (const hand of open.closeAll()) yield { type: 'leave', hand }
}
