import { ArchiveCorruptError, NotInArchiveError, TargetConflictError } from '../errors.js'
import { PERMISSIONS } from '../zookeeper/acl.js'
import type { Znode } from '../zookeeper/znode.js'
import { OpenNodes } from './open-nodes.js'
import type { CheckedRestoreOptions } from './restore-options.js'
import { admitsEverybody } from './restored-acl.js'
import type { Selection } from './select.js'

/** What must be known of a whole snapshot before anything is written. */
export interface Survey {
  /** Nodes that have to do with the restore. */
  readonly nodes: number
  /** Bytes of data in them. */
  readonly bytes: bigint
  /**
   * Where nodes come to be whose own counts do not tell that children are created below them, or that their counter is
   * raised: others wrote while they were read, or not everything is restored.
   */
  readonly underestimated: ReadonlySet<string>
  /** The snapshot's own nodes that are above the places others are moved to, by where they come to be. */
  readonly landings: ReadonlyMap<string, Znode>
}

type SurveyOptions = Pick<CheckedRestoreOptions, 'paths' | 'ephemerals' | 'acls'>

/**
 * Reads a whole snapshot and finds out whether it can be restored as it is asked.
 *
 * @throws {@link NotInArchiveError} when the snapshot has no node at one of `paths`.
 * @throws {@link ArchiveCorruptError} when its nodes are not in order.
 * @throws {@link TargetConflictError} when two nodes would come to be at the same place.
 */
export async function surveySnapshot(
  nodes: AsyncIterable<Znode>,
  selection: Selection,
  options: SurveyOptions,
): Promise<Survey> {
  const surveyor = new Surveyor(selection, options)
  for await (const node of nodes) surveyor.add(node)
  return surveyor.survey()
}

/** A node that may have children still to come. */
interface Counted {
  readonly node: Pick<Znode, 'path' | 'childCount' | 'sequence'>
  /** Whether its own ACL may keep the restore out. */
  readonly mayRefuse: boolean
  /** Children that are restored too. */
  restoredChildren: number
}

class Surveyor {
  readonly #selection: Selection
  readonly #options: SurveyOptions
  readonly #open = new OpenNodes<Counted>()
  readonly #missing: Set<string>
  readonly #landingPaths: ReadonlySet<string>
  readonly #landings = new Map<string, Znode>()
  readonly #underestimated = new Set<string>()
  #nodes = 0
  #bytes = 0n

  constructor(selection: Selection, options: SurveyOptions) {
    this.#selection = selection
    this.#options = options
    this.#missing = new Set(options.paths)
    this.#landingPaths = new Set(selection.landings)
  }

  add(node: Znode): void {
    const { path } = node
    for (const counted of this.#open.closeBefore(path)) this.#close(counted)
    const parent = this.#open.parentOf(path)
    if (this.#open.has(path)) throw new ArchiveCorruptError(`a snapshot has two nodes ${path}`)
    if (path !== '/' && parent === undefined && !this.#selection.mayLackParentOf(path)) {
      throw new ArchiveCorruptError(`a snapshot has the node ${path} before the one above it, or without it`)
    }
    this.#open.open(path, this.#counted(node))
    this.#missing.delete(path)
    if (!this.#selection.includes(path) && !this.#selection.includesQuota(path)) return
    this.#rejectCollision(path)
    this.#nodes += 1
    this.#bytes += BigInt(node.data?.length ?? 0)
    if (parent !== undefined && !(node.kind === 'ephemeral' && this.#options.ephemerals === 'skip')) {
      parent.restoredChildren += 1
    }
    const target = this.#selection.targetOf(path)
    if (this.#landingPaths.has(target)) this.#landings.set(target, node)
  }

  survey(): Survey {
    for (const counted of this.#open.closeAll()) this.#close(counted)
    const [missing] = this.#missing
    if (missing !== undefined) {
      throw new NotInArchiveError(`the snapshot has no znode ${missing}`, { hint: 'check `paths` and `snapshot`' })
    }
    return {
      nodes: this.#nodes,
      bytes: this.#bytes,
      underestimated: this.#underestimated,
      landings: this.#landings,
    }
  }

  /** A node that is restored with rights too few for what is to happen below it would keep the restore out. */
  #close({ node: { path, childCount, sequence }, mayRefuse, restoredChildren }: Counted): void {
    if (!mayRefuse) return
    const hasUnexpectedChildren = childCount === 0 && restoredChildren > 0
    const hasUnexpectedRaise = sequence <= childCount && sequence > restoredChildren
    if (hasUnexpectedChildren || hasUnexpectedRaise) this.#underestimated.add(this.#selection.targetOf(path))
  }

  #counted({ path, childCount, sequence, acl }: Znode): Counted {
    const { acls } = this.#options
    const isOpen =
      acls === 'open' || (acls === 'restore' && admitsEverybody(acl, PERMISSIONS.create | PERMISSIONS.delete))
    return { node: { path, childCount, sequence }, mayRefuse: !isOpen, restoredChildren: 0 }
  }

  #rejectCollision(path: string): void {
    const place = this.#selection.collisionOf(path)
    if (place === undefined) return
    throw new TargetConflictError(`\`remap\` moves other nodes to ${place}, where ${path} would be restored too`, {
      hint: 'choose another place, or restore the two in two runs with `paths`',
    })
  }
}
