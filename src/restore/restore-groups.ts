import type { CheckpointGroup } from '../archive/checkpoint.js'
import { ascending, larger, smaller } from '../internal/bigint.js'
import type { GroupOffset } from '../kafka/transport.js'
import type { PartitionChain } from './plan-source.js'
import type { OutgoingBatch } from './step.js'

/** Where offsets of the source lie in the target. */
export interface OffsetMap {
  /** Offset in the target of the first restored record. */
  readonly start: bigint
  /** Takes the batches in order. */
  take(batch: OutgoingBatch): void
  /** The target's offset of the first restored record at or after `committed`; its end where there is none. */
  of(committed: bigint): bigint
}

/** The offsets are those of the source, as far as the log goes. */
export class SameOffsets implements OffsetMap {
  readonly #limited: boolean
  #from: bigint
  #next: bigint
  #taken = false

  /** `log` is the restored part of the source; with `limited` only what is taken of it. */
  constructor(log: { readonly from: bigint; readonly next: bigint }, { limited }: { readonly limited: boolean }) {
    this.#limited = limited
    this.#from = log.from
    this.#next = log.next
  }

  get start(): bigint {
    return this.#from
  }

  take({ records, sourceFrom, sourceNext }: OutgoingBatch): void {
    if (!this.#limited || records === 0) return
    if (!this.#taken) this.#from = sourceFrom
    this.#taken = true
    this.#next = sourceNext
  }

  of(committed: bigint): bigint {
    return smaller(larger(committed, this.#from), this.#next)
  }
}

/** Follows one partition's batches to find where committed offsets of the source lie in the target. */
export class OffsetTranslation implements OffsetMap {
  readonly #wanted: bigint[]
  readonly #found = new Map<bigint, bigint>()
  readonly #targetFrom: bigint
  #next: bigint

  /** `committed` are offsets of the source; `targetFrom` is where the restore's first record lies. */
  constructor(committed: Iterable<bigint>, targetFrom: bigint) {
    this.#wanted = [...new Set(committed)].sort(ascending)
    this.#targetFrom = targetFrom
    this.#next = targetFrom
  }

  get start(): bigint {
    return this.#targetFrom
  }

  take(batch: OutgoingBatch): void {
    for (let wanted = this.#wanted[0]; wanted !== undefined && wanted < batch.sourceNext; wanted = this.#wanted[0]) {
      const before = wanted <= batch.sourceFrom ? 0 : batch.recordsBefore(wanted)
      this.#found.set(wanted, this.#targetFrom + batch.position + BigInt(before))
      this.#wanted.shift()
    }
    this.#next = this.#targetFrom + batch.position + BigInt(batch.records)
  }

  of(committed: bigint): bigint {
    return this.#found.get(committed) ?? this.#next
  }
}

/** Committed offsets of one partition, over all groups. */
export function committedOffsets(
  groups: readonly CheckpointGroup[],
  topic: string,
  { partition }: Pick<PartitionChain, 'partition'>,
): bigint[] {
  return groups.flatMap(({ offsets }) =>
    offsets.filter((offset) => offset.topic === topic && offset.partition === partition).map(({ offset }) => offset),
  )
}

/** What a group is to have committed in the target. */
export function targetOffsets(
  { offsets }: CheckpointGroup,
  translate: (topic: string, partition: number) => { readonly target: string; readonly offsets: OffsetMap } | undefined,
): GroupOffset[] {
  return offsets.flatMap(({ topic, partition, offset, metadata }) => {
    const found = translate(topic, partition)
    if (found === undefined) return []
    // The target's leader epochs are its own.
    return [{ topic: found.target, partition, offset: found.offsets.of(offset), leaderEpoch: -1, metadata }]
  })
}
