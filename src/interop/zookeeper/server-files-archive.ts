import { Buffer } from 'node:buffer'
import { FORMAT_VERSION } from '../../archive/archive-marker.js'
import { ARCHIVE_MARKER_KEY, ZNODES_PREFIX } from '../../archive/names.js'
import { headerToZnode, NodeTally, type SnapshotHeader } from '../../archive/znode-snapshot-header.js'
import { jsonLinesZnodes } from '../../codec/json-lines-znodes.js'
import { ArchiveCorruptError, NotInArchiveError } from '../../errors.js'
import { ascending } from '../../internal/bigint.js'
import { itemsOf } from '../../internal/items-of.js'
import type { StorageCallOptions } from '../../storage/storage.js'
import type { Znode } from '../../zookeeper/znode.js'
import { type LogScan, scanLog } from './log-scan.js'
import { ReadOnlyObjects, type ShownObject } from './read-only-objects.js'
import { type RebuiltState, rebuiltState, type StateSource } from './rebuilt-state.js'
import type { ServerFile } from './server-file.js'
import { type ServerState, serverStates } from './server-states.js'

/** The files of a server, and how far to go with them. */
export interface ServerFiles {
  /** What they are, for error messages. */
  readonly what: string
  /** Lists the files that are there now. */
  files(options: StorageCallOptions): Promise<readonly ServerFile[]>
  /** Transactions behind this one are left out. */
  readonly until: bigint
  /** The most that a tree may become, in bytes. */
  readonly maxTreeBytes: number
}

/** A state as it is shown: its nodes can be read as often as is asked. */
interface Rebuilt {
  readonly header: SnapshotHeader
  readonly nodes: () => Generator<Znode, void, void>
}

const CODEC = jsonLinesZnodes()
const MARKER = Buffer.from(`${JSON.stringify({ format: FORMAT_VERSION })}\n`)

/** Shows the states that the files of a server give as snapshots of an archive. Nothing is kept but the last tree. */
export class ServerFilesArchive {
  readonly #source: ServerFiles
  #scans: ReadonlyMap<string, LogScan> = new Map()
  /** The tree that was rebuilt last; others only as long as somebody reads them. */
  #last: { readonly id: string; readonly rebuilt: Rebuilt } | undefined
  readonly #recent = new Map<string, WeakRef<Rebuilt>>()

  constructor(source: ServerFiles) {
    this.#source = source
  }

  /** What it shows. */
  storage(): ReadOnlyObjects {
    return new ReadOnlyObjects(this.#source.what, (options) => this.#objects(options))
  }

  async #objects({ signal }: StorageCallOptions): Promise<readonly ShownObject[]> {
    const files = await this.#source.files({ signal })
    if (files.length === 0) {
      throw new NotInArchiveError(`there are no ${this.#source.what}`, { hint: 'check the storage and the prefix' })
    }
    const snapshots = files.filter(({ kind }) => kind === 'snapshot').sort(byZxid)
    const scans = await this.#scanned(files.filter(({ kind }) => kind === 'log').sort(byZxid), snapshots, { signal })
    const states = serverStates({ snapshots, scans, until: this.#source.until })
    const marker = { key: ARCHIVE_MARKER_KEY, sizeBytes: MARKER.length, modifiedMs: 0, read: () => itemsOf([MARKER]) }
    return [marker, ...states.map((state) => this.#shown(state))]
  }

  /** Logs that have not changed since are not read again. */
  async #scanned(
    logs: readonly ServerFile[],
    snapshots: readonly ServerFile[],
    { signal }: StorageCallOptions,
  ): Promise<readonly LogScan[]> {
    const { until } = this.#source
    const instants = [...snapshots.map(({ zxid }) => zxid), until].sort(ascending)
    const scans = new Map<string, LogScan>()
    for (const log of logs) {
      const name = JSON.stringify([log.key, log.sizeBytes, log.modifiedMs, instants.map(String)])
      const scan = this.#scans.get(name) ?? (await scanLog(log, instants, { signal }))
      scans.set(name, scan)
    }
    this.#scans = scans
    return [...scans.values()]
  }

  #shown(state: ServerState): ShownObject {
    const { id, sizeBytes, takenMs } = state
    const key = `${ZNODES_PREFIX}${id}${CODEC.extension}`
    return { key, sizeBytes, modifiedMs: takenMs, read: (options) => this.#read(state, options) }
  }

  async *#read(state: ServerState, { signal }: StorageCallOptions): AsyncGenerator<Uint8Array, void, void> {
    const rebuilt = await this.#rebuilt(state, { signal })
    yield* CODEC.encode(items(rebuilt), { signal, subject: state.id })
  }

  async #rebuilt(state: ServerState, options: StorageCallOptions): Promise<Rebuilt> {
    const { id } = state
    const known = this.#last?.id === id ? this.#last.rebuilt : this.#recent.get(id)?.deref()
    const rebuilt = known ?? (await this.#rebuild(state, options))
    this.#last = { id, rebuilt }
    this.#recent.set(id, new WeakRef(rebuilt))
    return rebuilt
  }

  /** Tries one source after the other; where none is intact, the first one's error tells. */
  async #rebuild({ takenMs, sources, problem }: ServerState, { signal }: StorageCallOptions): Promise<Rebuilt> {
    if (problem !== undefined) throw problem
    let first: unknown
    for (const source of sources) {
      try {
        return shownState(await rebuiltState(source, { maxTreeBytes: this.#source.maxTreeBytes, signal }), takenMs)
      } catch (error) {
        if (!(error instanceof ArchiveCorruptError)) throw error
        first ??= error.key === undefined ? withKey(error, source) : error
      }
    }
    throw first
  }
}

function shownState({ tree, ...facts }: RebuiltState, takenMs: number): Rebuilt {
  const nodes = tree.inOrder()
  const tally = new NodeTally()
  for (const node of nodes()) tally.add(node)
  return { nodes, header: { takenMs, roots: ['/'], exclude: [], unreadable: [], ...facts, ...tally.content } }
}

/** What is wrong with all of the files together is told of the one that they begin with. */
function withKey({ message, hint, cause }: ArchiveCorruptError, { base, scans }: StateSource): ArchiveCorruptError {
  const key = base?.key ?? scans[0]?.file.key
  return new ArchiveCorruptError(`${key}: ${message}`, { key, hint, cause })
}

async function* items({ header, nodes }: Rebuilt): AsyncGenerator<Znode, void, void> {
  yield headerToZnode(header)
  yield* nodes()
}

function byZxid(one: ServerFile, other: ServerFile): number {
  return ascending(one.zxid, other.zxid)
}
