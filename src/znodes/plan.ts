import { mapAhead } from '../internal/map-ahead.js'
import { childOf } from '../zookeeper/path.js'
import type { ZooKeeperTransport } from '../zookeeper/transport.js'
import type { Znode } from '../zookeeper/znode.js'
import { decide, type NodeToRestore, needsClosing, type PlannedNode, unwritten } from './decide.js'
import { type LiveNode, readLive } from './live-node.js'
import type { NodeInHand } from './node-in-hand.js'
import { planDeletions } from './plan-deletions.js'
import type { CheckedRestoreOptions } from './restore-options.js'
import type { Selection } from './select.js'
import type { Survey } from './survey-snapshot.js'
import { type Visit, walkSnapshot } from './walk-snapshot.js'

/** Nodes that are compared with the live tree at once, and the bytes of data that they may have together. */
const AHEAD = { items: 400, weight: 4 * 1024 * 1024 }

/** A snapshot, and what of it is to be restored. */
export interface RestoreSource {
  readonly selection: Selection
  readonly survey: Survey
  /** Reads the nodes of the snapshot, from the first one on. */
  nodes(): AsyncIterable<Znode>
}

/** What is done next. Nothing of it depends on what comes later. */
export type PlanStep = WriteStep | CloseStep

/** A node is compared, and its write is due where it needs one. */
export interface WriteStep {
  readonly type: 'write'
  readonly planned: PlannedNode
  /** `undefined` for a node that the snapshot does not hold. */
  readonly hand?: NodeInHand
}

/** Everything below a node is done: its counters and its ACL are due. */
interface CloseStep {
  readonly type: 'close'
  readonly hand: NodeInHand
}

/**
 * Compares a snapshot with the live tree and decides about every node, parents before their children. What is to be
 * deleted below a node comes behind its children, children before their parents.
 */
export async function* planRestore(
  zookeeper: ZooKeeperTransport,
  source: RestoreSource,
  options: CheckedRestoreOptions,
): AsyncGenerator<PlanStep, void, void> {
  const planner = new Planner(zookeeper, source, options)
  const limits = { ...AHEAD, weightOf: ({ hand }: Visit) => 2 * (hand.node.data?.length ?? 0) }
  const looked = mapAhead(walkSnapshot(source.nodes(), source), limits, (visit) => planner.look(visit))
  for await (const { visit, live } of looked) {
    if (visit.type === 'leave') yield* planner.leave(visit.hand)
    else yield planner.enter(visit.hand, live)
  }
}

class Planner {
  readonly #zookeeper: ZooKeeperTransport
  readonly #source: RestoreSource
  readonly #options: CheckedRestoreOptions

  constructor(zookeeper: ZooKeeperTransport, source: RestoreSource, options: CheckedRestoreOptions) {
    this.#zookeeper = zookeeper
    this.#source = source
    this.#options = options
  }

  /** Below a node that is not there nothing needs to be looked for: an empty target costs few reads. */
  async look(visit: Visit): Promise<{ readonly visit: Visit; readonly live: LiveNode }> {
    const { hand } = visit
    if (visit.type === 'leave' || hand.parent?.exists === false) return { visit, live: undefined }
    const live = this.#read(hand)
    hand.exists = live.then((found) => {
      hand.exists = found !== undefined
      return hand.exists
    })
    // Whoever waits for it is told.
    hand.exists.catch(() => {})
    return { visit, live: await live }
  }

  async #read({ node, parent }: NodeInHand): Promise<LiveNode> {
    if (parent !== undefined && !(await parent.exists)) return undefined
    return readLive(this.#zookeeper, node.path, { signal: this.#options.signal })
  }

  enter(hand: NodeInHand, live: LiveNode): PlanStep {
    const { node, parent, wanted } = hand
    const { path } = node
    parent?.extras?.delete(path.slice(path.lastIndexOf('/') + 1))
    hand.present = live !== undefined
    const source: NodeToRestore = { node, underestimated: this.#source.survey.underestimated.has(path) }
    if (live === undefined && path !== '/' && parent?.present !== true) {
      const planned = unwritten(source, 'skip', 'the node above it is neither there nor restored')
      return { type: 'write', planned, hand }
    }
    if (live !== undefined && !wanted) {
      return { type: 'write', planned: { path, source, changes: [], behind: 0 }, hand }
    }
    const planned = decide(source, live, this.#options)
    hand.planned = planned
    hand.behind = planned.behind
    if (planned.operation?.type === 'create') {
      hand.present = true
      if (parent !== undefined) parent.behind -= 1
    }
    if (this.#options.deleteExtra && live !== undefined && live !== 'unreadable') hand.extras = new Set(live.children)
    // What overwrites a node may have to be decided anew, and then there may be more to do.
    hand.closes = needsClosing(planned) || planned.operation?.type === 'set'
    return { type: 'write', planned, hand }
  }

  async *leave(hand: NodeInHand): AsyncGenerator<PlanStep, void, void> {
    if (hand.extras !== undefined && hand.extras.size > 0) yield* this.#deletions(hand.node.path, hand.extras)
    if (hand.closes) yield { type: 'close', hand }
  }
  async *#deletions(path: string, extras: ReadonlySet<string>): AsyncGenerator<PlanStep, void, void> {
    const { selection } = this.#source
    const tops = [...extras].map((name) => childOf(path, name)).filter((extra) => selection.isExtra(extra))
    for await (const planned of planDeletions(this.#zookeeper, tops, { signal: this.#options.signal })) {
      yield { type: 'write', planned }
    }
  }
}
