import { partitionName } from '../batch/topic-partition.js'
import { type KafkeepError, LogDivergedError, TransportError } from '../errors.js'
import { backoffMs, delay } from '../internal/abort.js'
import type { KafkaErrorName } from '../kafka/protocol/error-codes.js'
import type { KafkaTransport } from '../kafka/transport.js'
import { type LiveTopics, leaderIdOf, liveTopicsIfReachable, lossOf } from './live-topics.js'
import type { PartitionCursor } from './partition-cursor.js'

/** What a {@link Recovery} works with. */
export interface RecoveryContext {
  readonly kafka: KafkaTransport
  readonly signal: AbortSignal | undefined
}

/** A partition that was given up, and why. */
interface GivenUp {
  readonly cursor: PartitionCursor
  readonly error: KafkeepError
}

/** What became of partitions that could not be read. */
export interface Recovered {
  /** To be read again, from the leader that each has now. */
  readonly ready: readonly PartitionCursor[]
  /** The topic was unknown for a while, and has no id by which to tell whether it is still the same. */
  readonly suspicious: readonly PartitionCursor[]
  readonly givenUp: readonly GivenUp[]
}

/** A partition that cannot be read for this long is given up, so that a bounded run ends. */
const STALL_LIMIT_MS = 60_000
/** A broker that has just started may not know of its topics for a moment. */
const GONE_AFTER_MS = 3_000
const BACKOFF = { firstMs: 50, maxMs: 2_000 }

const TOPIC_GONE: ReadonlySet<string> = new Set<KafkaErrorName>([
  'UNKNOWN_TOPIC_OR_PARTITION',
  'UNKNOWN_TOPIC_ID',
  'INCONSISTENT_TOPIC_ID',
])

/** Partitions that could not be read: after a wait their leaders are looked for anew. */
export class Recovery {
  readonly #context: RecoveryContext
  readonly #failed = new Map<PartitionCursor, KafkaErrorName | undefined>()
  readonly #failingSinceMs = new Map<PartitionCursor, number>()
  #attempts = 0

  constructor(context: RecoveryContext) {
    this.#context = context
  }

  /** Whether partitions wait to be recovered. */
  get due(): boolean {
    return this.#failed.size > 0
  }

  /** Takes in a partition that could not be read; `error` is what its leader said. */
  add(cursor: PartitionCursor, error?: KafkaErrorName | undefined): void {
    this.#failed.set(cursor, error)
    if (!this.#failingSinceMs.has(cursor)) this.#failingSinceMs.set(cursor, performance.now())
  }

  /** Takes note that a partition could be read. */
  succeeded(cursor: PartitionCursor): void {
    if (this.#failingSinceMs.delete(cursor)) this.#attempts = 0
  }

  /** Forgets a partition. */
  remove(cursor: PartitionCursor): void {
    this.#failed.delete(cursor)
    this.#failingSinceMs.delete(cursor)
  }

  /** Waits, asks the cluster who leads what, and decides. Those added meanwhile are left for the next attempt. */
  async attempt(): Promise<Recovered> {
    await delay(backoffMs(this.#attempts++, BACKOFF), this.#context.signal)
    const failed = [...this.#failed]
    this.#failed.clear()
    const identities = failed.map(([{ identity }]) => identity)
    const topics = await liveTopicsIfReachable(identities, this.#context)
    const ready: PartitionCursor[] = []
    const suspicious: PartitionCursor[] = []
    const givenUp: GivenUp[] = []
    for (const [cursor, reason] of failed) {
      if (cursor.done) continue
      const error = this.#verdict(cursor, reason, topics)
      if (error !== undefined) {
        this.remove(cursor)
        givenUp.push({ cursor, error })
        continue
      }
      cursor.leaderId = leaderIdOf(cursor.identity, topics) ?? cursor.leaderId
      if (cursor.leaderId < 0 || topics === undefined) this.add(cursor, reason)
      else if (cursor.kafkaTopicId === undefined && meansTopicIsGone(reason)) suspicious.push(cursor)
      else ready.push(cursor)
    }
    return { ready, suspicious, givenUp }
  }

  #verdict(
    cursor: PartitionCursor,
    reason: KafkaErrorName | undefined,
    topics: LiveTopics | undefined,
  ): KafkeepError | undefined {
    const failingMs = performance.now() - (this.#failingSinceMs.get(cursor) ?? performance.now())
    if (meansTopicIsGone(reason)) {
      const loss = lossOf(cursor, topics)
      if (loss === 'created-again' || (loss === 'deleted' && failingMs > GONE_AFTER_MS)) return goneError(cursor)
    }
    return failingMs > STALL_LIMIT_MS ? stalled(cursor) : undefined
  }
}

function meansTopicIsGone(reason: KafkaErrorName | undefined): boolean {
  return reason !== undefined && TOPIC_GONE.has(reason)
}

/** Says that a partition's topic is no more what it was. */
export function goneError({ identity }: PartitionCursor): LogDivergedError {
  return new LogDivergedError(`topic ${identity.topic} was deleted, or deleted and created again, during the run`, {
    hint: 'what was archived of it stays; the next run archives the new topic beside it',
  })
}

function stalled({ identity, position }: PartitionCursor): TransportError {
  return new TransportError(`${partitionName(identity)} could not be read from offset ${position} on for a minute`, {
    system: 'kafka',
    retryable: true,
    hint: 'check that the partition has a leader',
  })
}
