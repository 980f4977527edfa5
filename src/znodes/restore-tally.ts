import type { KafkeepError } from '../errors.js'
import type { PlannedNode, ZnodeChange } from './decide.js'

/** What a restore has done. Each node counts once. */
export interface ZnodeRestoreSummary {
  /** Nodes that were created. */
  readonly created: number
  /** Nodes that existed and were changed. */
  readonly updated: number
  /** Nodes that were deleted because the snapshot does not hold them. */
  readonly deleted: number
  /** Nodes that were the same already, or were left as they are. */
  readonly kept: number
  /** Nodes of the snapshot that were not brought back, and why. */
  readonly skipped: readonly ZnodeChange[]
  /** Nodes that could not be made what they were to be, and why. Running again tries them again. */
  readonly failed: readonly FailedChange[]
}

/** A change that could not be made. */
export interface FailedChange extends ZnodeChange {
  /** Why. */
  readonly error: KafkeepError
}

/** Counts what becomes of planned nodes. */
export class RestoreTally {
  readonly #counts = { created: 0, updated: 0, deleted: 0, kept: 0 }
  readonly #skipped: ZnodeChange[] = []
  readonly #failed = new Map<string, FailedChange>()

  /** Notes that one of the changes of a node failed. The first failure is the one that is told. */
  fail({ path, changes }: PlannedNode, error: KafkeepError): void {
    const [change] = changes
    if (change !== undefined && !this.#failed.has(path)) this.#failed.set(path, { ...change, error })
  }

  /** Whether something failed at `path`. */
  hasFailed(path: string): boolean {
    return this.#failed.has(path)
  }

  /** Notes that all that could be done about a node is done, which is told as `changes`. */
  finish(path: string, changes: readonly ZnodeChange[]): void {
    const [change] = changes
    if (change === undefined || this.#failed.has(path)) return
    if (change.action === 'skip') this.#skipped.push(change)
    else this.#counts[COUNTED_AS[changes.at(-1)?.action ?? change.action]] += 1
  }

  /** What was noted so far. */
  summary(): ZnodeRestoreSummary {
    return { ...this.#counts, skipped: this.#skipped, failed: [...this.#failed.values()] }
  }
}

const COUNTED_AS = {
  create: 'created',
  set: 'updated',
  acl: 'updated',
  delete: 'deleted',
  keep: 'kept',
  skip: 'kept',
} as const satisfies Record<ZnodeChange['action'], keyof ZnodeRestoreSummary>
