import { ensureArchive } from '../archive/archive-marker.js'
import type { RecordBatch } from '../batch/record-batch.js'
import type { Codec } from '../codec/codec.js'
import { linkedController, onAbort } from '../internal/abort.js'
import { TaskSet } from '../internal/task-set.js'
import type { TopicFilter } from '../internal/topic-filter.js'
import type { KafkaTransport } from '../kafka/transport.js'
import type { RunOptions } from '../progress.js'
import type { ArchiveStorage } from '../storage/storage.js'
import { ArchiveScheduler } from './archive-scheduler.js'
import { CatchUp } from './catch-up.js'
import { CheckpointWriter } from './checkpoint-writer.js'
import type { ArchiveEvent } from './events.js'
import { PartitionOpener } from './partition-opener.js'
import { PartitionSharing } from './partition-sharing.js'
import { isPassingFailure } from './passing-failure.js'
import { PositionCommits } from './position-commits.js'
import { RecordedState } from './recorded-state.js'
import type { LogPolicy } from './reposition.js'
import { SegmentMemory } from './segment-memory.js'
import { type ArchiveSummary, ArchiveTally } from './tally.js'
import { TopicWatch } from './topic-watch.js'

/** What a run is wired to, and how it is tuned. */
export interface ArchiveWiring {
  readonly kafka: KafkaTransport
  readonly storage: ArchiveStorage
  readonly codec: Codec<RecordBatch>
  readonly groupId: string
  readonly segmentBytes: number
  readonly maxSegmentAgeMs: number
  readonly memoryBytes: number
}

/** What a run is to do. */
export interface ArchiveJob extends RunOptions, LogPolicy {
  readonly topics: TopicFilter | undefined
  readonly follow: boolean
  readonly share: boolean
  readonly stop: AbortSignal | undefined
  readonly groups: boolean
  readonly checkpointIntervalMs: number
}

/** How often a run that follows looks for new topics and partitions. */
const LOOK_INTERVAL_MS = 5_000
const NOTHING: readonly ArchiveEvent[] = []

/** One run, from the first look at the cluster to the last checkpoint. */
export async function* archiveRun(
  wiring: ArchiveWiring,
  job: ArchiveJob,
): AsyncGenerator<ArchiveEvent, ArchiveSummary, void> {
  // Ends what is under way when the consumer leaves, or one task has failed.
  const { controller, unlink } = linkedController(job.signal)
  const run = new ArchiveRun(wiring, { ...job, signal: controller.signal })
  try {
    return yield* run.events()
  } finally {
    unlink()
    controller.abort()
    await run.close()
  }
}

class ArchiveRun {
  readonly #job: ArchiveJob & { readonly signal: AbortSignal }
  readonly #storage: ArchiveStorage
  readonly #tasks = new TaskSet<readonly ArchiveEvent[]>()
  readonly #commits: PositionCommits
  readonly #scheduler: ArchiveScheduler
  readonly #opener: PartitionOpener
  readonly #topics: TopicWatch
  readonly #catchUp: CatchUp
  readonly #checkpoints: CheckpointWriter
  readonly #tally: ArchiveTally
  readonly #sharing: PartitionSharing | undefined
  #lookedMs = Number.NEGATIVE_INFINITY
  #looking = false
  #stopped = false

  constructor(wiring: ArchiveWiring, job: ArchiveJob & { readonly signal: AbortSignal }) {
    const { kafka, storage, codec, groupId } = wiring
    const { signal, follow, groups, checkpointIntervalMs } = job
    this.#job = job
    this.#storage = storage
    this.#commits = new PositionCommits(
      (offsets) => this.#sharing?.commit(offsets) ?? kafka.commitGroupOffsets(groupId, offsets, { signal }),
    )
    const reuses = storage.capabilities?.releasesBodies === true
    const memory = new SegmentMemory({ ...wiring, reuses })
    this.#scheduler = new ArchiveScheduler({
      ...{ ...wiring, ...job, memory, tasks: this.#tasks, commits: this.#commits },
      ...{ source: { storage, codecs: [codec] }, target: { storage, codec } },
    })
    this.#opener = new PartitionOpener(this.#scheduler, { kafka, storage, memory, follow, signal })
    const { share } = job
    const parts = { scheduler: this.#scheduler, opener: this.#opener }
    this.#sharing = share ? new PartitionSharing({ ...parts, kafka, storage, groupId, signal }) : undefined
    this.#topics = new TopicWatch({ kafka, storage, filter: job.topics, signal })
    this.#catchUp = new CatchUp(this.#scheduler.cursors)
    const capture = { kafka, storage, groupId, groups, signal, topics: this.#topics, scheduler: this.#scheduler }
    this.#checkpoints = new CheckpointWriter({ ...capture, checkpointIntervalMs, caughtUp: () => this.#caughtUp })
    this.#tally = new ArchiveTally(this.#scheduler.cursors, job)
  }

  async *events(): AsyncGenerator<ArchiveEvent, ArchiveSummary, void> {
    const { stop } = this.#job
    await this.#begin()
    const stopListening = stop === undefined ? () => {} : onAbort(stop, () => this.#stop())
    try {
      if (stop?.aborted === true) this.#stop()
      for (this.#work(); !this.#finished; this.#work()) {
        for (const events of await this.#tasks.next(this.#dueInMs)) {
          for (const event of events) this.#tally.count(event)
          yield* events
        }
        this.#tally.progress.tick()
      }
    } finally {
      stopListening()
    }
    await this.#commits.commit()
    let checkpoint = ''
    if (this.#writesCheckpoints) {
      const { id, event } = await this.#checkpoints.write()
      checkpoint = id
      yield event
    }
    this.#tally.progress.finish()
    return this.#tally.summary(checkpoint)
  }

  /** Waits until nothing of the run is under way. */
  async close(): Promise<void> {
    await this.#sharing?.leave()
    await this.#tasks.drain()
  }

  async #begin(): Promise<void> {
    const { signal, follow } = this.#job
    await ensureArchive(this.#storage, { signal })
    const recorded = await RecordedState.read(this.#storage, { signal })
    const found = await this.#topics.begin(recorded.checkpoint)
    this.#lookedMs = performance.now()
    // A bounded run ends at the ends that it finds now, so that what groups have committed is read before.
    if (!follow) await this.#checkpoints.prepare()
    this.#opener.recorded = recorded
    if (this.#sharing === undefined) return this.#opener.add(found)
    await this.#sharing.begin(found)
    this.#tasks.add(this.#sharedPart(this.#sharing))
  }

  get #finished(): boolean {
    if (this.#job.follow && !this.#stopped) return false
    // A division of the partitions is always waited for.
    const waiting = this.#sharing === undefined ? 0 : 1
    if (this.#tasks.size > waiting || !this.#partIsDone) return false
    return this.#stopped || this.#sharing === undefined || this.#sharing.othersAreDone
  }

  /** Whether everything that is this process's to archive is archived. */
  get #partIsDone(): boolean {
    return (this.#stopped || this.#opener.finished) && this.#scheduler.finished
  }

  /** Whether everything is archived that was there when the run began, whoever did it. */
  get #caughtUp(): boolean {
    return this.#sharing === undefined ? this.#partIsCaughtUp : this.#sharing.othersAreDone
  }

  get #partIsCaughtUp(): boolean {
    return this.#opener.finished && this.#catchUp.done
  }

  get #writesCheckpoints(): boolean {
    return this.#sharing === undefined || this.#sharing.leader
  }

  /** Starts whatever can be started now. */
  #work(): void {
    if (!this.#stopped) {
      if (this.#opener.due) this.#tasks.add(this.#opener.open())
      if (this.#job.follow) this.#keepWatch()
      else if (this.#sharing?.othersDue === true && this.#partIsDone) this.#tasks.add(this.#sharing.askOthers())
    }
    this.#scheduler.work()
  }

  #keepWatch(): void {
    if (!this.#looking && this.#lookDueInMs <= 0) this.#tasks.add(inPassing(this.#look()))
    if (!this.#writesCheckpoints) return
    if (this.#checkpoints.dueInMs <= 0) this.#tasks.add(inPassing(this.#checkpoint()))
    if (!this.#checkpoints.awaitsCatchUp || !this.#partIsCaughtUp) return
    if (this.#sharing?.othersDue === true) this.#tasks.add(inPassing(this.#sharing.askOthers()))
  }

  async #checkpoint(): Promise<readonly ArchiveEvent[]> {
    return [(await this.#checkpoints.write()).event]
  }

  /** Takes over what the group gives to this process, again and again. */
  async #sharedPart(sharing: PartitionSharing): Promise<readonly ArchiveEvent[]> {
    const events = await sharing.nextAssignment()
    if (!sharing.ended) this.#tasks.add(this.#sharedPart(sharing))
    return events
  }

  async #look(): Promise<readonly ArchiveEvent[]> {
    this.#looking = true
    try {
      const found = await this.#topics.look()
      if (this.#sharing === undefined) this.#opener.add(found)
      else await this.#sharing.extend(found)
      this.#scheduler.retryStopped()
    } finally {
      this.#looking = false
      this.#lookedMs = performance.now()
    }
    return NOTHING
  }

  get #lookDueInMs(): number {
    return this.#lookedMs + LOOK_INTERVAL_MS - performance.now()
  }

  /** Milliseconds until something is to be done although no task has come to its end. */
  get #dueInMs(): number {
    let dueInMs = this.#scheduler.dueInMs
    if (this.#job.follow && !this.#stopped) {
      if (!this.#looking) dueInMs = Math.min(dueInMs, this.#lookDueInMs)
      if (this.#writesCheckpoints) dueInMs = Math.min(dueInMs, this.#checkpoints.dueInMs)
    }
    return Math.max(0, dueInMs)
  }

  #stop(): void {
    this.#stopped = true
    this.#scheduler.finish()
    this.#tasks.add(Promise.resolve(NOTHING))
  }
}

/**
 * A run that follows outlives a cluster that is away for a while: what cannot be done now is done later. What cannot be
 * read is told by other events.
 */
async function inPassing(task: Promise<readonly ArchiveEvent[]>): Promise<readonly ArchiveEvent[]> {
  try {
    return await task
  } catch (error) {
    if (isPassingFailure(error)) return NOTHING
    throw error
  }
}
