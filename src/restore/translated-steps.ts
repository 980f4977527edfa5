import type { ChainLink } from '../archive/chain.js'
import type { DamagePolicy } from '../archive/link-reading.js'
import type { SegmentInfo } from '../archive/partition-log.js'
import { type ChainBatch, linksSince, readChain, type TimeRange } from '../archive/read-chain.js'
import type { SegmentReadOptions, SegmentSource } from '../archive/read-segment.js'
import { forProducing } from '../batch/write-batch.js'
import { type Content, condensed, isSmall, isWhole, SmallBatches, whole } from './content.js'
import { type OutgoingBatch, SEQUENCES } from './step.js'
import { type RecordTransform, transformed } from './transformed.js'

/** Which records are restored, and what becomes of them. */
export interface RecordSelection extends TimeRange {
  readonly transform?: RecordTransform | undefined
}

/** The committed records of a chain, one after the other, without the holes between them. */
export async function* translatedSteps(
  source: SegmentSource,
  chain: readonly ChainLink<SegmentInfo>[],
  { signal, blocks, spares, onDamage, ...selection }: SegmentReadOptions & RecordSelection & DamagePolicy,
): AsyncGenerator<OutgoingBatch, void, void> {
  let position = 0n
  const links = linksSince(chain, selection.sinceMs)
  const items = readChain(source, links, { isolation: 'committed', blocks, signal, spares, onDamage })
  for await (const { bytes, ...facts } of contents(items, selection)) {
    const baseSequence = Number(position % SEQUENCES)
    yield {
      ...{ type: 'batch', ...facts, position, offsets: BigInt(facts.records), baseSequence, transaction: undefined },
      bytes: (identity) => forProducing(bytes(), { ...identity, baseSequence }),
      release: () => blocks?.release(facts.sourceNext),
    }
    position += BigInt(facts.records)
  }
}

async function* contents(
  items: AsyncIterable<ChainBatch>,
  { transform, ...times }: RecordSelection,
): AsyncGenerator<Content, void, void> {
  const small = new SmallBatches()
  for await (const item of items) {
    const fits = transform === undefined && isWhole(item, times)
    if (fits && isSmall(item)) {
      if (small.add(item)) yield* small.take()
      continue
    }
    yield* small.take()
    if (transform !== undefined) yield* transformed(item, times, transform)
    else yield* fits ? [whole(item)] : condensed(item, times)
  }
  yield* small.take()
}
