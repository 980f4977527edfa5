import type { Finding } from '../archive/finding.js'
import type { TopicPartition } from '../batch/topic-partition.js'
import type { KafkeepError } from '../errors.js'

/** How offsets come back: `exact` where every record gets the offset it had, else `translate`. */
export type OffsetMode = 'exact' | 'translate'

/** A fact of a restore run. Whatever it speaks of is done already. */
export type RestoreEvent = TopicReadyEvent | ProgressEvent | DamageEvent | GroupsEvent | ReleasedEvent

/** A target topic is ready to receive. */
export interface TopicReadyEvent {
  /** What happened. */
  readonly type: 'topic'
  /** The topic in the archive. */
  readonly topic: string
  /** The topic in the target cluster. */
  readonly target: string
  /** How its offsets come back. */
  readonly offsets: OffsetMode
}

/** Records of a partition, named as in the archive, are in the target. */
export interface ProgressEvent extends TopicPartition {
  /** What happened. */
  readonly type: 'progress'
  /** Offset in the target after the last one that is there. */
  readonly targetNext: bigint
  /** Records since the last event of this partition. */
  readonly records: number
  /** Bytes since the last event of this partition, as they are in the archive. */
  readonly bytes: number
}

/** Offsets were left out, because no intact object of the archive gives them. */
export interface DamageEvent {
  /** What happened. */
  readonly type: 'damage'
  /** Which offsets of which partition, named as in the archive, and why. */
  readonly finding: Finding
}

/** A consumer group stands where it stood, or could not be set. */
export interface GroupsEvent {
  /** What happened. */
  readonly type: 'groups'
  /** The group. */
  readonly groupId: string
  /** Partitions whose committed offset was set. */
  readonly moved: number
  /** Why it could not be set, as when it has running members. The other groups are set all the same. */
  readonly error?: KafkeepError
}

/** A target topic has its own configs again. */
export interface ReleasedEvent {
  /** What happened. */
  readonly type: 'released'
  /** The topic in the target cluster. */
  readonly target: string
  /** What it has now of the configs that were held. */
  readonly configs: Readonly<Record<string, string>>
}
