import { readAborted } from '../archive/aborted.js'
import { BRING_BACK, type Finding } from '../archive/finding.js'
import { abortedKey } from '../archive/names.js'
import { offsetsOf } from '../archive/offset-ranges.js'
import type { SegmentInfo } from '../archive/partition-log.js'
import { checkedChunks, type SegmentSource, streamSegment } from '../archive/read-segment.js'
import type { RecordBatchView } from '../batch/record-batch.js'
import { topicCodecFor } from '../codec/built-in.js'
import { UnsupportedFormatError } from '../errors.js'
import { larger } from '../internal/bigint.js'
import type { StorageCallOptions } from '../storage/storage.js'
import { findingOf, placeOf } from './findings.js'
import { SidecarCheck } from './sidecar-check.js'

/** What the content of a segment must agree with its name in. */
interface Content {
  firstEpoch: number
  lastEpoch: number
  records: number
  maxTimestampMs: bigint
}

const EXCHANGED = 'the object was renamed or exchanged: bring back the one that belongs there, or give it its own name'

/** Reads a segment: every checksum, what its name says, and its sidecar. Holds a chunk of it at a time. */
export async function readDeeply(
  source: SegmentSource,
  segment: SegmentInfo,
  { signal }: StorageCallOptions,
): Promise<Finding[]> {
  const { storage, codecs } = source
  const findings: Finding[] = []
  const aborted = await abortedIn(source, segment, findings, { signal })
  const sidecar = aborted && new SidecarCheck(aborted, segment)
  const content: Content = { firstEpoch: -1, lastEpoch: -1, records: 0, maxTimestampMs: -1n }
  const { lossless } = topicCodecFor(segment.extension, codecs)
  try {
    for await (const batches of streamSegment({ storage, codecs }, segment, { signal })) {
      for (const batch of batches) {
        if (lossless && !batch.intact) return [...findings, brokenBatch(segment, batch)]
        take(content, batch)
        sidecar?.take(batch)
      }
    }
  } catch (error) {
    return [...findings, findingOf(error, segment.key, segment)]
  }
  const contradictions = contradictionsOf(segment, content, lossless)
  if (contradictions.length > 0) {
    const text = `${segment.key} is not what its name says: ${contradictions.join(', ')}`
    findings.push({ kind: 'mismatch', key: segment.key, ...placeOf(segment), text, hint: EXCHANGED })
  }
  const key = abortedKey(segment.key)
  for (const problem of findings.length > 0 ? [] : (sidecar?.problems ?? [])) {
    const named = segment.abortedTransactions > 0 ? key : segment.key
    const text = `${segment.abortedTransactions > 0 ? key : 'no sidecar'} ${problem}`
    findings.push({ kind: 'mismatch', key: named, ...placeOf(segment), text, hint: BRING_BACK })
  }
  return findings
}

/** Compares the object's checksum with its name: all that can be done without its codec. */
export async function readBytes(
  { storage }: SegmentSource,
  segment: SegmentInfo,
  { signal }: StorageCallOptions,
): Promise<Finding[]> {
  try {
    for await (const _ of checkedChunks(storage, segment, { signal }));
    return []
  } catch (error) {
    return [findingOf(error, segment.key, segment)]
  }
}

/** Whether there is a codec that reads the segment. */
export function isReadable({ codecs }: SegmentSource, { extension }: SegmentInfo): boolean {
  try {
    topicCodecFor(extension, codecs)
    return true
  } catch (error) {
    if (error instanceof UnsupportedFormatError) return false
    throw error
  }
}

/**
 * Asks the store for its own checksum. `known` says whether it has one.
 */
export async function askStore(
  { storage }: SegmentSource,
  segment: SegmentInfo,
  { signal }: StorageCallOptions,
): Promise<{ readonly findings: Finding[]; readonly known: boolean }> {
  const info = await storage.head(segment.key, { signal })
  const about = { key: segment.key, ...placeOf(segment), hint: BRING_BACK }
  if (info === undefined) {
    return { findings: [{ kind: 'missing', ...about, text: `${segment.key} is missing` }], known: true }
  }
  if (info.crc32c === undefined) return { findings: [], known: false }
  if (info.crc32c === segment.crc32c) return { findings: [], known: true }
  const text = `${segment.key} (${offsetsOf(segment)}): the store has another checksum for it than its name`
  return { findings: [{ kind: 'damaged', ...about, text }], known: true }
}

async function abortedIn(
  { storage }: SegmentSource,
  segment: SegmentInfo,
  findings: Finding[],
  { signal }: StorageCallOptions,
) {
  try {
    return await readAborted(storage, segment, { signal })
  } catch (error) {
    const finding = findingOf(error, abortedKey(segment.key), segment)
    // The listing has told already that there is none.
    if (finding.kind !== 'missing') findings.push(finding)
    return undefined
  }
}

function take(content: Content, batch: RecordBatchView): void {
  if (content.firstEpoch === -1) content.firstEpoch = batch.leaderEpoch
  content.lastEpoch = batch.leaderEpoch
  if (!batch.control) content.records += batch.recordCount
  content.maxTimestampMs = larger(content.maxTimestampMs, batch.maxTimestampMs)
}

function contradictionsOf(segment: SegmentInfo, content: Content, lossless: boolean): string[] {
  const told: readonly (readonly [string, unknown, unknown])[] = [
    ['records', segment.records, content.records],
    ...(lossless
      ? ([
          ['first leader epoch', segment.firstEpoch, content.firstEpoch],
          ['last leader epoch', segment.lastEpoch, content.lastEpoch],
          ['largest timestamp', segment.maxTimestampMs, content.maxTimestampMs],
        ] as const)
      : []),
  ]
  return told.flatMap(([what, name, found]) => (name === found ? [] : [`${what} ${name}, in truth ${found}`]))
}

/** Readers refuse all of the segment. */
function brokenBatch(segment: SegmentInfo, { baseOffset: from, nextOffset: next }: RecordBatchView): Finding {
  const { key } = segment
  const text = `segment ${key} is damaged: the checksum of the batch with ${offsetsOf({ from, next })} is wrong`
  return { kind: 'damaged', key, ...placeOf(segment), text, hint: BRING_BACK }
}
