import type { RecordBatchView } from '../batch/record-batch.js'
import { partitionName } from '../batch/topic-partition.js'
import { ArchiveCorruptError, LossyCodecError, NotInArchiveError, ObjectNotFoundError } from '../errors.js'
import { larger, smaller } from '../internal/bigint.js'
import type { AbortedTransaction } from '../kafka/transport.js'
import type { StorageCallOptions } from '../storage/storage.js'
import { readAborted } from './aborted.js'
import { type ChainLink, firstLink } from './chain.js'
import { type ChainDamage, chainDamage, type SegmentFailure } from './chain-damage.js'
import { isWithin, offsetsOf, overlap } from './offset-ranges.js'
import { listPartition, type SegmentInfo } from './partition-log.js'
import { canReadEarly, readEarly } from './read-early.js'
import { type OffsetKnowledge, offsetsIn, openSegment, type SegmentSource } from './read-segment.js'
import { isSlice, readSlice } from './read-slice.js'
import type { ReusedBlocks } from './reused-blocks.js'

/** What is read: what a read_committed consumer sees, all there is, or all with a word on what that consumer sees. */
export type Isolation = 'committed' | 'uncommitted' | 'judged'

/** What a reader does where segments of a chain are damaged. */
export interface DamagePolicy {
  /** Segments of the same log, which may give what a damaged one does not. */
  readonly spares?: readonly SegmentInfo[] | undefined
  /** Takes note of offsets that no intact segment gives, which are then left out; or throws. */
  readonly onDamage?: ((damage: ChainDamage) => void) | undefined
}

/**
 * How much of a segment is read before a batch of it is given:
 *
 * - `whole`: all of it, so that its checksum decides.
 * - `slice`: where little of it is wanted, only that. Then the checksum of each batch decides.
 * - `early`: no more than up to the batch, so that no whole segment is held. Then damage is told behind those batches that
 *   are certain: the checksum of each one is right, and its header goes on from the one before.
 */
export type ReadExtent = 'whole' | 'slice' | 'early'

/** What all links of a chain are read with. */
export interface LinkContext extends StorageCallOptions {
  readonly source: SegmentSource
  readonly isolation: Isolation
  readonly extent: ReadExtent
  /** Memory that whole segments may be read to. */
  readonly blocks: ReusedBlocks | undefined
  /** Grows when objects are found to be gone, by what has come to be in their place. */
  readonly spares: SegmentInfo[]
  readonly onDamage: (damage: ChainDamage) => void
  /** Segments that are found to be damaged, in that order. None of them is tried twice. */
  readonly failures: Map<string, SegmentFailure>
}

/** A part of a link that one segment gives. Its object, or each batch of it, is as it was written. */
export interface OpenPart {
  readonly link: ChainLink<SegmentInfo>
  readonly offsets: OffsetKnowledge
  readonly aborted: readonly AbortedTransaction[]
  readonly batches: AsyncGenerator<RecordBatchView, void, void>
}

/** Reads one link of a chain, in the place of a damaged segment from others of its generation. */
export class LinkReading {
  readonly #context: LinkContext
  readonly #chain: readonly ChainLink<SegmentInfo>[]
  readonly #link: ChainLink<SegmentInfo>
  /** Everything of the link before this offset is given, or is told to be damaged. */
  #reached: bigint

  constructor(context: LinkContext, chain: readonly ChainLink<SegmentInfo>[], link: ChainLink<SegmentInfo>) {
    this.#context = context
    this.#chain = chain
    this.#link = link
    this.#reached = link.from
  }

  /** What gives the link's next offsets; `undefined` when there is no more. */
  async open(): Promise<OpenPart | undefined> {
    while (this.#reached < this.#link.next) {
      const part = this.#nextPart()
      if (part === undefined) break
      const opened = await this.#tryToOpen(part)
      if (opened === undefined) continue
      this.#leaveOut(part.from)
      return opened
    }
    this.#leaveOut(this.#link.next)
    return undefined
  }

  /** Takes note that a part was read to its end. */
  read({ link }: OpenPart): void {
    this.#reached = link.next
  }

  /** Takes note that a part cannot be read further than to `reached`. Throws what is not damage. */
  async failed({ link, offsets }: OpenPart, error: unknown, reached: bigint): Promise<void> {
    if (!(error instanceof ArchiveCorruptError)) throw error
    // Where offsets are not known nobody can tell which records are still to come.
    if (offsets === 'unknown' && reached > link.from) throw error
    await this.#fail(link.segment, error)
    this.#reached = larger(this.#reached, smaller(reached, link.next))
  }

  #nextPart(): ChainLink<SegmentInfo> | undefined {
    const { failures, source, spares } = this.#context
    const { segment, next } = this.#link
    if (!failures.has(segment.key)) return this.#link
    const wanted = { from: this.#reached, next }
    const candidates = spares.filter(
      (spare) =>
        spare.generation === segment.generation &&
        !failures.has(spare.key) &&
        overlap(spare, wanted) !== undefined &&
        (isWithin(spare, wanted) || offsetsIn(source, spare) !== 'unknown'),
    )
    return firstLink(candidates, wanted)
  }

  async #tryToOpen(link: ChainLink<SegmentInfo>): Promise<OpenPart | undefined> {
    const { source, isolation, extent, blocks, signal } = this.#context
    const { segment } = link
    const offsets = offsetsIn(source, segment)
    if (offsets === 'unknown' && !isWithin(segment, link)) {
      throw new LossyCodecError(`${segment.key} keeps no offsets, so that a part of it cannot be told from the rest`, {
        hint: 'archive with `logSegments()`',
      })
    }
    try {
      const aborted = isolation === 'uncommitted' ? [] : await readAborted(source.storage, segment, { signal })
      // Markers before the wanted batches count where there are aborted transactions.
      const fromStart = aborted.length > 0
      const batches =
        extent === 'slice' && isSlice(source, link, { fromStart })
          ? readSlice(source, link, { fromStart, signal })
          : extent === 'early' && canReadEarly(source, segment)
            ? readEarly(source, segment, { signal })
            : await openSegment(source, segment, { blocks, signal })
      return { link, offsets, aborted, batches }
    } catch (error) {
      if (!(error instanceof ArchiveCorruptError)) throw error
      await this.#fail(segment, error)
      return undefined
    }
  }

  async #fail(segment: SegmentInfo, error: ArchiveCorruptError): Promise<void> {
    this.#context.failures.set(segment.key, { segment, error })
    if (error.cause instanceof ObjectNotFoundError) await this.#listAgain(segment)
  }

  /** An object that is gone may have been merged with others, or pruned, since it was listed. */
  async #listAgain(gone: SegmentInfo): Promise<void> {
    const { source, spares, signal } = this.#context
    const { topic, topicId, partition, generation } = gone
    const log = await listPartition(source.storage, { topic, topicId, partition }, { signal })
    const known = new Set(spares.map(({ key }) => key))
    spares.push(...log.segments.filter(({ key }) => !known.has(key)))
    const isPruned = log.gaps.some(
      (gap) => gap.cause === 'pruned' && gap.generation === generation && overlap(gap, gone),
    )
    if (!isPruned) return
    throw new NotInArchiveError(`${partitionName(gone)}: ${offsetsOf(gone)} were pruned while they were read`, {
      hint: 'read again: what begins behind them is still there',
    })
  }

  /** Tells that nothing intact is left for the offsets before `next`. */
  #leaveOut(next: bigint): void {
    const hole = { from: this.#reached, next }
    if (hole.from >= hole.next) return
    this.#reached = next
    const { failures, onDamage } = this.#context
    const { generation } = this.#link.segment
    const own = failures.get(this.#link.segment.key)
    if (own === undefined) throw new RangeError('nothing is left out of an intact segment')
    const others = [...failures.values()].filter(
      ({ segment }) =>
        segment !== own.segment && segment.generation === generation && overlap(segment, hole) !== undefined,
    )
    const after = this.#chain.slice(this.#chain.indexOf(this.#link) + 1)
    onDamage(chainDamage(hole, [own, ...others], after))
  }
}
