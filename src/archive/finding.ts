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

/** Offsets of a partition that an archive should give and does not. */
export interface Hole extends Finding {
  readonly kind: 'missing' | 'damaged'
  readonly topic: string
  readonly partition: number
  readonly from: bigint
  readonly next: bigint
}
