import { type CheckpointGroup, writeCheckpoint } from '../archive/checkpoint.js'
import type { ArchiveScheduler } from './archive-scheduler.js'
import { type CaptureContext, captureGroups, captureTopics } from './capture-checkpoint.js'
import type { ArchiveEvent } from './events.js'
import type { TopicWatch } from './topic-watch.js'

/** What a {@link CheckpointWriter} works with. */
export interface CheckpointWriterContext extends CaptureContext {
  readonly topics: TopicWatch
  readonly scheduler: ArchiveScheduler
  /** Whether what consumer groups have committed is kept. */
  readonly groups: boolean
  /** How often a run that follows writes one. */
  readonly checkpointIntervalMs: number
  /** Whether everything is archived that was there when the run began. */
  readonly caughtUp: () => boolean
}

/** Writes down the state that a run has reached, so that a restore can go back to it. */
export class CheckpointWriter {
  readonly #context: CheckpointWriterContext
  #prepared: { readonly takenMs: number; readonly groups: readonly CheckpointGroup[] } | undefined
  #lastMs = performance.now()
  #awaitsCatchUp = true
  #writing = false

  constructor(context: CheckpointWriterContext) {
    this.#context = context
  }

  /** Whether the first checkpoint is still to come. */
  get awaitsCatchUp(): boolean {
    return this.#awaitsCatchUp
  }

  /**
   * Milliseconds until a run that follows is to write one: the first as soon as it has caught up, and at the latest when
   * an interval has passed, as for all others.
   */
  get dueInMs(): number {
    if (this.#writing) return Number.POSITIVE_INFINITY
    if (this.#awaitsCatchUp && this.#context.caughtUp()) return 0
    return this.#context.checkpointIntervalMs - (performance.now() - this.#lastMs)
  }

  /** Reads what groups have committed. What is archived when the checkpoint is written must reach at least as far. */
  async prepare(): Promise<void> {
    const takenMs = Date.now()
    const { groups, topics } = this.#context
    this.#prepared = { takenMs, groups: groups ? await captureGroups(topics.topics, this.#context) : [] }
  }

  /** Writes a checkpoint of what is durable now. */
  async write(): Promise<{ readonly id: string; readonly event: ArchiveEvent }> {
    const { topics, scheduler, storage, signal } = this.#context
    this.#writing = true
    this.#awaitsCatchUp = false
    try {
      if (this.#prepared === undefined) await this.prepare()
      const { takenMs = Date.now(), groups = [] } = this.#prepared ?? {}
      const state = await captureTopics(topics.topics, scheduler.cursors, this.#context)
      const checkpoint = { takenMs, clusterId: topics.clusterId, topics: state, groups }
      const id = await writeCheckpoint(storage, checkpoint, { signal })
      this.#prepared = undefined
      return { id, event: { type: 'checkpoint', id } }
    } finally {
      this.#lastMs = performance.now()
      this.#writing = false
    }
  }
}
