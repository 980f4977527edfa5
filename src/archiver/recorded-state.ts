import { type Checkpoint, latestCheckpoint } from '../archive/checkpoint.js'
import { type PartitionIdentity, partitionPrefix } from '../archive/names.js'
import type { ArchiveStorage, StorageCallOptions } from '../storage/storage.js'

/** Where a partition ended, and when that was. */
export interface RecordedPartition {
  readonly next: bigint
  readonly takenMs: number
}

/** What the newest checkpoint tells of partitions: what the listing of their segments cannot know. */
export class RecordedState {
  readonly #partitions = new Map<string, bigint>()

  constructor(readonly checkpoint: Checkpoint | undefined) {
    for (const { topic, topicId, partitions } of checkpoint?.topics ?? []) {
      for (const { partition, next, unseen } of partitions) {
        if (unseen === undefined) this.#partitions.set(partitionPrefix({ topic, topicId, partition }), next)
      }
    }
  }

  static async read(storage: ArchiveStorage, options: StorageCallOptions): Promise<RecordedState> {
    return new RecordedState(await latestCheckpoint(storage, options))
  }

  /** `undefined` where nobody had looked at the partition. */
  of(partition: PartitionIdentity): RecordedPartition | undefined {
    const next = this.#partitions.get(partitionPrefix(partition))
    return next === undefined ? undefined : { next, takenMs: this.checkpoint?.takenMs ?? 0 }
  }
}
