import { BRING_BACK, type Finding } from '../archive/finding.js'
import type { OffsetRange } from '../archive/names.js'
import type { SegmentInfo } from '../archive/partition-log.js'
import type { TopicPartition } from '../batch/topic-partition.js'
import { ArchiveCorruptError, ObjectNotFoundError } from '../errors.js'

/** The part of a finding that says which offsets of what it is about. */
export function placeOf({ topic, partition, from, next }: TopicPartition & OffsetRange) {
  return { topic, partition, from, next }
}

/** What is found where reading an object fails. Throws what is not the object's fault. */
export function findingOf(error: unknown, key: string, place: Partial<SegmentInfo> = {}): Finding {
  const { topic, partition, from, next } = place
  const where = {
    ...(topic !== undefined && { topic }),
    ...(partition !== undefined && { partition }),
    ...(from !== undefined && { from }),
    ...(next !== undefined && { next }),
  }
  if (error instanceof ObjectNotFoundError) {
    return { kind: 'missing', key, ...where, text: `${key} is missing`, hint: BRING_BACK }
  }
  if (!(error instanceof ArchiveCorruptError)) throw error
  const kind = error.cause instanceof ObjectNotFoundError ? 'missing' : 'damaged'
  return { kind, key: error.key ?? key, ...where, text: error.message, hint: error.hint ?? BRING_BACK }
}
