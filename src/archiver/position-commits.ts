import { TransportError } from '../errors.js'
import type { GroupOffset } from '../kafka/transport.js'
import type { PartitionCursor } from './partition-cursor.js'
import { isPassingFailure } from './passing-failure.js'

/** Commits positions to the archiver's group. */
export type CommitPositions = (offsets: readonly GroupOffset[]) => Promise<void>

/** A coordinator writes each commit as one batch, which may not be larger than a megabyte. */
const PARTITIONS_A_COMMIT = 1_000
const RETRY_MS = 1_000

/**
 * Tells the archiver's group how far the archive is, so that everybody sees its lag: durable positions, each with the
 * key of the segment before it. One commit at a time; what moves meanwhile goes into the next one.
 */
export class PositionCommits {
  readonly #commit: CommitPositions
  readonly #moved = new Set<PartitionCursor>()
  #underWay = false
  #notBeforeMs = 0

  constructor(commit: CommitPositions) {
    this.#commit = commit
  }

  /** Whether a commit would have something to say, none is under way, and none has failed just now. */
  get due(): boolean {
    return this.#moved.size > 0 && !this.#underWay && performance.now() >= this.#notBeforeMs
  }

  /** Has the durable position of a partition committed, also when it never moves: an empty partition has a lag too. */
  note(cursor: PartitionCursor): void {
    this.#moved.add(cursor)
  }

  /** Commits nothing more for a partition. */
  forget(cursor: PartitionCursor): void {
    this.#moved.delete(cursor)
  }

  /** Commits what has moved. A position that cannot be told now is told later: nothing depends on it. */
  async commitInPassing(): Promise<void> {
    try {
      await this.commit()
    } catch (error) {
      if (!isPassingFailure(error)) throw error
      this.#notBeforeMs = performance.now() + RETRY_MS
    }
  }

  /** Commits what has moved. What Kafka cannot take now is kept for the next commit, and the failure told. */
  async commit(): Promise<void> {
    this.#underWay = true
    const moved = [...this.#moved]
    this.#moved.clear()
    try {
      // Nothing for those that were given up: their topic may be gone.
      const offsets = moved.filter(({ error }) => error === undefined).map(positionOf)
      for (let start = 0; start < offsets.length; start += PARTITIONS_A_COMMIT) {
        await this.#commit(offsets.slice(start, start + PARTITIONS_A_COMMIT)).catch(unlessTopicIsGone)
      }
    } catch (error) {
      for (const cursor of moved) this.#moved.add(cursor)
      throw error
    } finally {
      this.#underWay = false
    }
  }
}

function positionOf({ identity: { topic, partition }, archived }: PartitionCursor): GroupOffset {
  return { topic, partition, offset: archived.next, leaderEpoch: -1, metadata: archived.lastKey ?? '' }
}

/** A topic may be deleted between reading and committing. The other partitions of the commit have got theirs. */
function unlessTopicIsGone(error: unknown): void {
  if (!(error instanceof TransportError && error.reason === 'UNKNOWN_TOPIC_OR_PARTITION')) throw error
}
