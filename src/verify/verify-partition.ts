import { BRING_BACK, type Finding, unexplainedHole } from '../archive/finding.js'
import type { NamedRange } from '../archive/named-states.js'
import { abortedKey, gapKey, generationKey, type OffsetRange, parseAbortedKey } from '../archive/names.js'
import { offsetsOf, overlap } from '../archive/offset-ranges.js'
import {
  allHolesIn,
  holesIn,
  type PartitionLog,
  type PartitionObjects,
  type SegmentInfo,
  unprunedFrom,
} from '../archive/partition-log.js'
import { partitionName } from '../batch/topic-partition.js'
import { ascending } from '../internal/bigint.js'
import { placeOf } from './findings.js'
import { foreign } from './foreign.js'

/** What the names of a partition's objects show, without a look into any of them. */
export function findingsInNames(objects: PartitionObjects): Finding[] {
  return [...missingGenerations(objects), ...sidecarFindings(objects), ...gapFindings(objects)]
}

/** What is missing in the log that a partition's objects give. */
export function findingsInLog(log: PartitionLog, named: readonly NamedRange[]): Finding[] {
  const { partition } = log
  const holes = allHolesIn(log).map((range): Finding => ({ ...unexplainedHole(partition, range), hint: BRING_BACK }))
  for (const range of named) holes.push(...unnamedHoles(log, range, holes))
  return holes
}

function unnamedHoles(log: PartitionLog, named: NamedRange, known: readonly Finding[]): Finding[] {
  const { partition, cuts } = log
  const { generation, checkpoint } = named
  if (generation > 1 && !cuts.has(generation)) {
    const key = generationKey(partition, generation)
    const text = `${key} is missing, and checkpoint ${checkpoint} names what it begins`
    return [{ kind: 'missing', key, ...placeOf({ ...partition, ...named }), text, hint: BRING_BACK }]
  }
  const holes = holesIn(log, { ...named, from: unprunedFrom(log, named) })
  const unknown = holes.filter((hole) => !known.some(({ from, next }) => from === hole.from && next === hole.next))
  return unknown.map((range) => {
    const text = `${partitionName(partition)}: ${offsetsOf(range)} are missing from the archive, and checkpoint ${checkpoint}, or one before it, names them`
    return { kind: 'missing', ...placeOf({ ...partition, ...range }), text, hint: BRING_BACK }
  })
}

/** The generations whose beginning is missing although later ones, or their own segments, are there. */
function missingGenerations({ partition, segments, gaps, generations }: PartitionObjects): Finding[] {
  const there = new Set(generations)
  const newest = [...segments, ...gaps].reduce(
    (max, { generation }) => Math.max(max, generation),
    Math.max(1, ...generations),
  )
  const missing = Array.from({ length: newest - 1 }, (_, index) => index + 2).filter((number) => !there.has(number))
  return missing.map((generation) => {
    const key = generationKey(partition, generation)
    const { topic, partition: number } = partition
    const text = `${key} is missing: it says where generation ${generation} of ${partitionName(partition)} begins`
    return { kind: 'missing', key, topic, partition: number, text, hint: BRING_BACK }
  })
}

function sidecarFindings({ segments, others }: PartitionObjects): Finding[] {
  const byKey = new Map(segments.map((segment) => [segment.key, segment]))
  const sidecars = new Set<string>()
  const findings: Finding[] = []
  for (const { key } of others) {
    const named = parseAbortedKey(key)
    if (named === undefined) {
      findings.push(foreign(key))
      continue
    }
    sidecars.add(key)
    if (named.abortedTransactions > 0) continue
    const text = `${key} names aborted transactions of a segment whose name says that there are none`
    findings.push({ kind: 'mismatch', key, ...placeOf(named), text, hint: 'no reader looks at it: remove it' })
  }
  for (const segment of byKey.values()) {
    const key = abortedKey(segment.key)
    if (segment.abortedTransactions === 0 || sidecars.has(key)) continue
    const text = `the sidecar of ${segment.key} is missing: it names the aborted transactions`
    findings.push({ kind: 'missing', key, ...placeOf(segment), text, hint: BRING_BACK })
  }
  return findings
}

/** A gap is empty, and there is nothing where it is. */
function gapFindings({ segments, gaps, filledGaps }: PartitionObjects): Finding[] {
  const filled = filledGaps.map((gap): Finding => {
    const { key, sizeBytes } = gap
    const hint = 'the object was exchanged or renamed: find out what it is'
    return { kind: 'damaged', key, ...placeOf(gap), text: `${key} holds ${sizeBytes} bytes; gaps are empty`, hint }
  })
  const contradicted = gaps.flatMap((gap): Finding[] => {
    const there = segments.find(({ generation, ...range }) => generation === gap.generation && overlap(range, gap))
    if (there === undefined || gap.cause === 'pruned') return []
    const key = gapKey(gap)
    const hint = 'the segment counts: remove the gap, if the segment can be read'
    const text = `${key} says that offsets are not archived which segment ${there.key} has`
    return [{ kind: 'mismatch', key, ...placeOf(gap), text, hint }]
  })
  return [...filled, ...contradicted]
}

/** Segments of a generation that overlap, and should agree where they do. */
export function overlapping({ segments }: PartitionLog) {
  const ordered = [...segments].sort((a, b) => a.generation - b.generation || ascending(a.from, b.from))
  const pairs: { readonly one: SegmentInfo; readonly other: SegmentInfo; readonly shared: OffsetRange }[] = []
  let farthest: SegmentInfo | undefined
  for (const segment of ordered) {
    const one = farthest?.generation === segment.generation ? farthest : undefined
    const shared = one && overlap(one, segment)
    if (one !== undefined && shared !== undefined) pairs.push({ one, other: segment, shared })
    if (one === undefined || segment.next > one.next) farthest = segment
  }
  return pairs
}
