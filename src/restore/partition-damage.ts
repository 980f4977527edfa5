import type { ChainLink } from '../archive/chain.js'
import { type ChainDamage, damageError } from '../archive/chain-damage.js'
import { BRING_BACK, type Hole } from '../archive/finding.js'
import type { DamagePolicy } from '../archive/link-reading.js'
import { offsetsOf, outside } from '../archive/offset-ranges.js'
import type { SegmentInfo } from '../archive/partition-log.js'
import { partitionName } from '../batch/topic-partition.js'
import { RestoreConflictError } from '../errors.js'
import type { ArchiveStorage, StorageCallOptions } from '../storage/storage.js'
import type { DamageEvent } from './events.js'
import type { PartitionChain } from './plan-source.js'
import type { RestoreTarget } from './restore-record.js'
import { pinSkippedHole } from './skipped-holes.js'
import type { OutgoingBatch } from './step.js'

/** What a restore does about damage. */
export type OnDamage = 'error' | 'skip'

/** What {@link PartitionDamage} needs. */
export interface PartitionDamageOptions extends StorageCallOptions {
  readonly onDamage: OnDamage
  readonly chain: PartitionChain
  /** Holes of the whole topic that were left out before, by this restore. */
  readonly skipped: readonly Hole[]
  /** Where holes are pinned, and for which restore. */
  readonly state: ArchiveStorage
  readonly target: RestoreTarget
}

/** Reads a chain from its beginning; always gives the same batches. */
type ReadChain = (
  chain: readonly ChainLink<SegmentInfo>[],
  policy: DamagePolicy,
) => AsyncGenerator<OutgoingBatch, void, void>

/**
 * Follows what is damaged in one partition of a restore. With `onDamage: 'skip'` each hole is pinned before a record
 * behind it is produced, and what is pinned stays left out: the same records come out, however often the partition is
 * read, by whichever process, also when a damaged object is brought back meanwhile.
 */
export class PartitionDamage {
  readonly #options: PartitionDamageOptions
  readonly #skipped: Hole[]
  readonly #untold: Hole[]

  constructor(options: PartitionDamageOptions) {
    this.#options = options
    this.#skipped = options.skipped.filter(({ partition }) => partition === options.chain.partition)
    this.#untold = [...this.#skipped]
  }

  /** What is left out so far, one sentence for each hole. */
  get remarks(): readonly string[] {
    return this.#skipped.map(({ text }) => `left out: ${text}`)
  }

  /** Offsets of the state that are not restored: gaps of the archive, and what is left out. */
  get missing(): bigint {
    const { chain, from, next } = this.#options.chain
    return outside(chain, this.#skipped).reduce((left, link) => left - (link.next - link.from), next - from)
  }

  /** One event for each hole that is left out, once. */
  *events(): Generator<DamageEvent, void, void> {
    for (const hole of this.#untold.splice(0)) yield { type: 'damage', finding: { ...hole, hint: hintFor(hole) } }
  }

  /** How a chain is read by those who leave nothing out. */
  get refusal(): DamagePolicy {
    return { spares: this.#options.chain.segments, onDamage: refuseDamage }
  }

  /** What is to be produced. `restored` is how many records of this restore the target holds already. */
  batches(restored: bigint, read: ReadChain): AsyncGenerator<OutgoingBatch, void, void> {
    if (this.#options.onDamage === 'skip') return this.#batchesAndHoles(restored, read)
    return read(this.#options.chain.chain, this.refusal)
  }

  async *#batchesAndHoles(restored: bigint, read: ReadChain): AsyncGenerator<OutgoingBatch, void, void> {
    const { chain, segments, holes } = this.#options.chain
    let ahead: Hole[] = outside(holes, this.#skipped)
    const onDamage = ({ hole }: ChainDamage) => {
      ahead.push(hole)
    }
    let position = 0n
    for await (const batch of read(outside(chain, this.#skipped), { spares: segments, onDamage })) {
      const passed = ahead.filter(({ from }) => from < batch.sourceNext)
      ahead = ahead.filter((hole) => !passed.includes(hole))
      for (const hole of passed) {
        await this.#skip(hole, restored, batch.position + BigInt(batch.recordsBefore(hole.from)))
      }
      yield batch
      position = batch.position + BigInt(batch.records)
    }
    for (const hole of ahead) await this.#skip(hole, restored, position)
  }

  /** `position` is how many records come before the hole. */
  async #skip(hole: Hole, restored: bigint, position: bigint): Promise<void> {
    const { state, target, signal } = this.#options
    if (restored > position) throw readBefore(hole)
    await pinSkippedHole(state, target, hole, { signal })
    this.#skipped.push(hole)
    this.#untold.push(hole)
  }
}

/** What to do about a hole that is left out. */
function hintFor({ key }: Hole): string {
  const object = key === undefined ? 'bring the objects back from the store’s own versions or a replica' : BRING_BACK
  return `${object}, delete the target topic and restore again`
}

function refuseDamage(damage: ChainDamage): never {
  throw damageError(damage, ", or restore everything else with `onDamage: 'skip'`")
}

/** The records behind the hole have their places in the target: those in the hole were restored before them. */
function readBefore(hole: Hole): RestoreConflictError {
  return new RestoreConflictError(
    `${partitionName(hole)}: ${offsetsOf(hole)} could be read when this restore began and cannot any more, and the target holds records from behind them: ${hole.text}`,
    { hint: `${BRING_BACK} and repeat the restore, or delete the target topic and restore again` },
  )
}
