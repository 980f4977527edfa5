import type { Finding } from '../archive/finding.js'
import { offsetsOf } from '../archive/offset-ranges.js'
import { partitionName, type TopicPartition } from '../batch/topic-partition.js'
import type { Difference, DifferenceKind } from './find-differences.js'

/** What a difference is between. */
interface DescribedSides {
  readonly live: TopicPartition
  readonly archived: TopicPartition
  /** Whether the live topic is the target of a restore. */
  readonly restored: boolean
  /** Where a transaction of the live topic is open, so that nothing behind it can be read yet. */
  readonly openFrom: bigint | undefined
}

const SENTENCES: Readonly<Record<DifferenceKind, (there: string) => string>> = {
  missing: (there) => `hold no records; the archive has them${there}`,
  extra: () => 'hold records that the archive does not have',
  different: (there) => `hold other records than the archive${there}`,
  hidden: (there) => `are not seen by read_committed consumers; in the archive they are committed${there}`,
  shown: (there) => `are seen by read_committed consumers; in the archive they are aborted${there}`,
}

const RESTORE_AGAIN = 'delete the topic, or take another name, and restore again'
const OTHER_LOG = 'the log is not the one that was archived: find out which one is right before either is deleted'
const SOURCE_HINTS: Readonly<Record<DifferenceKind, string>> = {
  missing: 'if nobody has deleted them, they are lost in the cluster: restore them under another name',
  extra: '`verify` the archive; what it never had comes with a new archive',
  different: OTHER_LOG,
  hidden: OTHER_LOG,
  shown: OTHER_LOG,
}

/** A difference, as a person is told of it. */
export function findingOfDifference(
  { kind, first, last, source }: Difference,
  { live, archived, restored, openFrom }: DescribedSides,
): Finding {
  const range = { from: first, next: last + 1n }
  const isMoved = live.topic !== archived.topic || source?.first !== first || source.last !== last
  const there =
    source === undefined || !isMoved
      ? ''
      : ` at ${offsetsOf({ from: source.first, next: source.last + 1n })} of ${partitionName(archived)}`
  const isUndecided = kind === 'missing' && openFrom !== undefined && first >= openFrom
  return {
    kind: kind === 'missing' ? 'missing' : 'mismatch',
    ...{ topic: live.topic, partition: live.partition, ...range },
    text: `${partitionName(live)}: ${offsetsOf(range)} ${SENTENCES[kind](there)}`,
    hint: isUndecided
      ? `a transaction is open from offset ${openFrom} on, and nothing behind it was looked at: compare once it has ended`
      : restored
        ? RESTORE_AGAIN
        : SOURCE_HINTS[kind],
  }
}
