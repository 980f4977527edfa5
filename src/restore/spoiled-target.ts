import { partitionName, type TopicPartition } from '../batch/topic-partition.js'
import { RestoreConflictError } from '../errors.js'

/** The target's log is not what this restore has made of it, and cannot become it any more. */
export class SpoiledTargetError extends RestoreConflictError {
  /** The partition of the target that is spoiled. */
  readonly partition: TopicPartition

  constructor(message: string, { partition, hint }: { readonly partition: TopicPartition; readonly hint: string }) {
    super(message, { hint })
    this.partition = partition
  }
}

/** Something else is where the restore's records must be. */
export function foreignRecords(partition: TopicPartition): SpoiledTargetError {
  return new SpoiledTargetError(`${partitionName(partition)} holds records that this restore did not write`, {
    partition,
    hint: 'stop whoever writes to the topic, delete it, and restore again',
  })
}
