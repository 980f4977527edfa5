import {
  type ComparedBatch,
  type ComparedRecord,
  type Comparison,
  haveSameBytes,
  haveSameContent,
} from './compared-batch.js'
import { RecordCursor } from './record-cursor.js'

/** What can be wrong with a record of the live topic. */
export type DifferenceKind = 'missing' | 'extra' | 'different' | 'hidden' | 'shown'

/** Records that follow each other and differ in the same way. */
export interface Difference {
  readonly kind: DifferenceKind
  /** First and last offset in the live topic. */
  readonly first: bigint
  readonly last: bigint
  /** First and last offset in the archive; `undefined` where it has none of these records. */
  readonly source: { readonly first: bigint; readonly last: bigint } | undefined
}

/** Two sides, in the order of their offsets in the live topic. */
export interface Sides {
  readonly archived: AsyncGenerator<ComparedBatch, void, void>
  readonly live: AsyncGenerator<ComparedBatch, void, void>
  /** Where the live log begins by now: what was before is left out. */
  readonly liveStart: () => bigint
  /** Whether live records behind the last archived one are extra, or new. */
  readonly endsTogether: boolean
  /** Told of each archived batch, once it is done. */
  readonly onBatch: (batch: ComparedBatch) => void
}

/** Where the two sides differ: by their bytes where batches stand at the same place, else record by record. */
export async function* findDifferences(sides: Sides, comparison: Comparison): AsyncGenerator<Difference, void, void> {
  const [archived, live] = [new RecordCursor(counted(sides)), new RecordCursor(sides.live)]
  const found = new Runs()
  try {
    for (;;) {
      if (archived.needsBatch) await archived.load()
      if (archived.ended && !sides.endsTogether) break
      if (live.needsBatch) await live.load()
      if (archived.ended && live.ended) break
      const difference = takeNext(archived, live, sides.liveStart(), comparison)
      if (difference === undefined) continue
      const complete = found.take(difference)
      if (complete !== undefined) yield complete
    }
    yield* found.last()
  } catch (error) {
    // What was found before counts, whatever ends the comparison.
    yield* found.last()
    throw error
  } finally {
    await Promise.all([archived.close(), live.close()])
  }
}

async function* counted({ archived, onBatch }: Sides): AsyncGenerator<ComparedBatch, void, void> {
  for await (const batch of archived) {
    yield batch
    onBatch(batch)
  }
}

/** Leaves what comes next behind, and tells how it differs; `undefined` where there is nothing to tell. */
function takeNext(
  archived: RecordCursor,
  live: RecordCursor,
  liveStart: bigint,
  comparison: Comparison,
): Difference | 'same' | undefined {
  const [one, other] = [archived.batch, live.batch]
  if (one !== undefined && other !== undefined && haveSameBytes(one, other)) {
    archived.skipBatch()
    live.skipBatch()
    return 'same'
  }
  const [ours, theirs] = [archived.record, live.record]
  // A batch may turn out to have no wanted record.
  if ((ours === undefined && !archived.ended) || (theirs === undefined && !live.ended)) return undefined
  if (ours !== undefined && (theirs === undefined || ours.at < theirs.at)) {
    archived.skipRecord()
    return ours.at < liveStart ? undefined : differenceOf('missing', ours, ours)
  }
  if (theirs === undefined) return undefined
  live.skipRecord()
  if (ours === undefined || theirs.at < ours.at) return differenceOf('extra', theirs)
  archived.skipRecord()
  if (!haveSameContent(ours.record, theirs.record, comparison)) return differenceOf('different', ours, ours)
  if (ours.committed === theirs.committed) return 'same'
  return differenceOf(ours.committed ? 'hidden' : 'shown', ours, ours)
}

function differenceOf(kind: DifferenceKind, { at }: ComparedRecord, archived?: ComparedRecord): Difference {
  const offset = archived?.record.offset
  return { kind, first: at, last: at, source: offset === undefined ? undefined : { first: offset, last: offset } }
}

/** Puts together what follows each other and differs in the same way. */
class Runs {
  #run: Difference | undefined;

  /** The run that nothing comes after. */
  *last(): Generator<Difference, void, void> {
    const run = this.take('same')
    if (run !== undefined) yield run
  }

  /** Takes what comes next; answers the run that it ends. */
  take(next: Difference | 'same'): Difference | undefined {
    const run = this.#run
    if (next === 'same') {
      this.#run = undefined
      return run
    }
    if (run?.kind !== next.kind) {
      this.#run = next
      return run
    }
    const { last, source } = next
    this.#run = {
      ...{ kind: run.kind, first: run.first, last },
      source: run.source && source && { first: run.source.first, last: source.last },
    }
    return undefined
  }
}
