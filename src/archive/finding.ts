import { partitionName, type TopicPartition } from '../batch/topic-partition.js'
import type { OffsetRange } from './names.js'
import { offsetsOf } from './offset-ranges.js'

/** Something in an archive that is not as it must be. */
export interface Finding {
  /**
   * `missing`: not there; `damaged`: there, and not what it was; `mismatch`: two things contradict each other;
   * `unverifiable`: it could not be looked at; `foreign`: kafkeep has not written it.
   */
  readonly kind: 'missing' | 'damaged' | 'mismatch' | 'unverifiable' | 'foreign'
  /** The object, where it is known. */
  readonly key?: string
  /** The topic, where the finding is about one. */
  readonly topic?: string
  /** The partition, where the finding is about one. */
  readonly partition?: number
  /** First offset that is affected. */
  readonly from?: bigint
  /** Offset after the last one that is affected. */
  readonly next?: bigint
  /** What is wrong, as a sentence. */
  readonly text: string
  /** What a person can do about it, where there is something. */
  readonly hint?: string
}

/** What to do about an object that is damaged or gone. */
export const BRING_BACK = 'bring the object back from the store’s own versions or a replica'

/** Offsets of a partition that an archive should give and does not. */
export interface Hole extends Finding {
  readonly kind: 'missing' | 'damaged'
  readonly topic: string
  readonly partition: number
  readonly from: bigint
  readonly next: bigint
}

/** Offsets that a partition's listing lacks, and no gap explains it. */
export function unexplainedHole({ topic, partition }: TopicPartition, range: OffsetRange): Hole {
  const text = `${partitionName({ topic, partition })}: ${offsetsOf(range)} are missing from the archive, and no gap explains it`
  return { kind: 'missing', topic, partition, from: range.from, next: range.next, text }
}
