import { type ChainLink, chainOf } from '../archive/chain.js'
import { BRING_BACK, type Hole } from '../archive/finding.js'
import { type GapName, gapKey, generationKey, type PartitionIdentity } from '../archive/names.js'
import { outside, overlap } from '../archive/offset-ranges.js'
import { ALL_OFFSETS, type PartitionLog, type SegmentInfo } from '../archive/partition-log.js'
import { type ChainBatch, readChain, wantedBytes } from '../archive/read-chain.js'
import { OpenSegment } from '../archiver/open-segment.js'
import type { SegmentMemory } from '../archiver/segment-memory.js'
import { storeSegment } from '../archiver/store-segment.js'
import { RecordBatchView } from '../batch/record-batch.js'
import { partitionName } from '../batch/topic-partition.js'
import { LossyCodecError, UnsupportedFormatError } from '../errors.js'
import { allOf } from '../internal/all-of.js'
import { ascending } from '../internal/bigint.js'
import type { ConversionEvent, ConversionJob } from './convert-options.js'

/** What is converted. */
interface ConversionParts {
  /** What the old archive has of the partition. */
  readonly from: PartitionLog
  /** What the new one has. */
  readonly to: PartitionLog
  readonly memory: SegmentMemory
}

/** Writes what the new archive lacks of a partition, each generation in the order of its offsets. */
export class PartitionConversion {
  readonly #job: ConversionJob
  readonly #from: PartitionLog
  readonly #to: PartitionLog
  readonly #identity: PartitionIdentity
  readonly #open: OpenSegment
  #generation = 1
  /** Where the open segment ends. */
  #reached = 0n

  constructor(job: ConversionJob, { from, to, memory }: ConversionParts) {
    this.#job = job
    this.#from = from
    this.#to = to
    this.#identity = from.partition
    this.#open = new OpenSegment(from.partition, 0n, memory)
  }

  async *convert(): AsyncGenerator<ConversionEvent, void, void> {
    for (let generation = 1; generation <= this.#from.newestGeneration; generation++) {
      this.#generation = generation
      if (generation > 1) await this.#copy(generationKey(this.#identity, generation))
      for (const part of this.#lacking()) yield* 'cause' in part ? this.#storeGap(part) : this.#convertPart(part)
      yield* this.#store()
    }
    await this.#removeFilledGaps()
  }

  /** What the new archive does not have of the generation. */
  #lacking(): (ChainLink<SegmentInfo> | GapName)[] {
    const isOwn = ({ generation }: { readonly generation: number }) => generation === this.#generation
    const pruned = this.#to.gaps.filter((gap) => isOwn(gap) && gap.cause === 'pruned')
    const chain = chainOf(this.#from.segments, [{ generation: this.#generation, ...ALL_OFFSETS }])
    const parts = outside(chain, [...this.#to.segments.filter(isOwn), ...pruned])
    const known = new Set(this.#to.gaps.map(gapKey))
    const gaps = this.#from.gaps.filter((gap) => isOwn(gap) && !known.has(gapKey(gap)))
    return [...parts, ...gaps].sort((a, b) => ascending(a.from, b.from))
  }

  async *#convertPart(part: ChainLink<SegmentInfo>): AsyncGenerator<ConversionEvent, void, void> {
    const { source, segmentBytes, signal } = this.#job
    const { segment } = part
    if (segment.abortedTransactions > 0) throw withTransactions(segment)
    if (this.#reached !== part.from) yield* this.#beginAt(part.from)
    const holes: Hole[] = []
    const reading = readChain(source, [part], {
      isolation: 'uncommitted',
      spares: this.#from.segments,
      signal,
      onDamage: ({ hole, cause }) =>
        holes.push({ ...hole, hint: `${cause.hint ?? BRING_BACK}; then convert once more` }),
    })
    for await (const item of reading) {
      signal?.throwIfAborted()
      yield* this.#leaveOut(holes)
      if (item.offsets === 'unknown') throw withoutOffsets(item)
      const bytes = wantedBytes(item)
      if (this.#open.bytes > 0 && this.#open.bytes + bytes.length > segmentBytes) yield* this.#store()
      this.#open.take(new RecordBatchView(bytes, this.#identity))
      this.#open.keep(bytes)
      this.#reached = this.#open.next
    }
    yield* this.#leaveOut(holes)
    this.#open.extendTo(part.next)
    this.#reached = part.next
  }

  /** Tells of offsets that cannot be read, and goes on behind them. */
  async *#leaveOut(holes: Hole[]): AsyncGenerator<ConversionEvent, void, void> {
    for (const hole of holes.splice(0)) {
      yield* this.#beginAt(hole.next)
      yield { type: 'damage', finding: hole }
    }
  }

  async *#beginAt(offset: bigint): AsyncGenerator<ConversionEvent, void, void> {
    yield* this.#store()
    this.#open.startAt(offset)
    this.#reached = offset
  }

  async *#store(): AsyncGenerator<ConversionEvent, void, void> {
    if (this.#open.empty) return
    const { target, signal } = this.#job
    const content = this.#open.close()
    const place = { ...this.#identity, generation: this.#generation }
    const { from, next, records, sizeBytes: bytes, key } = await storeSegment(target, place, content, { signal })
    content.release({ stored: true })
    yield { type: 'segment', ...place, from, next, records, bytes, key }
  }

  async *#storeGap(gap: GapName): AsyncGenerator<ConversionEvent, void, void> {
    const { target, signal } = this.#job
    yield* this.#store()
    await target.storage.put(gapKey(gap), Buffer.alloc(0), { signal })
    const { topic, partition, from, next, cause } = gap
    yield { type: 'gap', topic, partition, from, next, cause }
  }

  /** A gap between two files is none any more where another file has come in between. */
  async #removeFilledGaps(): Promise<void> {
    const { target, signal } = this.#job
    const still = new Set(this.#from.gaps.map(gapKey))
    for (const gap of this.#to.gaps) {
      const isFilled = this.#from.segments.some(
        (segment) => segment.generation === gap.generation && overlap(segment, gap) !== undefined,
      )
      if (gap.cause !== 'unknown' || still.has(gapKey(gap)) || !isFilled) continue
      await target.storage.delete(gapKey(gap), { signal })
    }
  }

  async #copy(key: string): Promise<void> {
    const { source, target, signal } = this.#job
    await target.storage.put(key, await allOf(source.storage.get(key, { signal })), { signal })
  }
}

function withoutOffsets({ batch }: ChainBatch): LossyCodecError {
  return new LossyCodecError(`the archive of ${partitionName(batch)} does not keep the offsets of its records`, {
    hint: 'it can be restored; leave its topic out with `topics`',
  })
}

/** No codec that leaves out what a consumer does not see has any. */
function withTransactions({ key }: SegmentInfo): UnsupportedFormatError {
  return new UnsupportedFormatError(`${key} has aborted transactions, which are not converted`, {
    hint: 'leave its topic out with `topics`',
  })
}
