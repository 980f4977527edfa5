import { InvalidBatchError } from '../batch/batch-header.js'
import { type BatchHeader, batchHeaderOf, buildBatch } from '../batch/build-batch.js'
import { MAX_RECORDS_BYTES } from '../batch/compression/algorithm.js'
import { type RecordBatch, RecordBatchView, viewOf } from '../batch/record-batch.js'
import { readStoredRecords, type StoredRecord, storedRecordBytes } from '../batch/stored-records.js'
import { batchFromJson, batchToJson, recordFromJson, recordToJson } from './batch-json.js'
import type { Codec, CodecCallOptions } from './codec.js'
import { boundedLine, damagedLine, joinLines, MAX_LINE_BYTES, parsedLine } from './json-line.js'
import { splitLines } from './split-lines.js'

const NOWHERE = { topic: '', partition: -1 }

/**
 * Keeps batches as lines of JSON, for people and for other programs: a line for each batch, then one for each of its
 * records. Keys, values and headers are text where they are UTF-8, else base64; 64-bit numbers are strings of digits.
 * The last line tells how many batches there are, so that a cut-off object is never taken for a whole one.
 *
 * Everything that a batch says comes back, markers and batches without records included. The records are compressed
 * anew, so the compressed bytes and with them the checksum may be others.
 */
export function jsonLines(): Codec<RecordBatch> {
  return {
    id: 'json-lines',
    extension: '.jsonl',
    lossless: true,
    seekable: false,
    encode: (batches, { signal }: CodecCallOptions = {}) => joinLines(linesOf(batches), signal),
    decode,
  }
}

async function* linesOf(batches: AsyncIterable<RecordBatch>): AsyncGenerator<string, void, void> {
  let count = 0
  for await (const batch of batches) {
    yield* linesOfBatch(viewOf(batch, NOWHERE))
    count += 1
  }
  yield lastLine(count)
}

function* linesOfBatch(batch: RecordBatchView): Generator<string, void, void> {
  const header = batchHeaderOf(batch.bytes)
  // It gets a new checksum when it is read: damage must not be covered up by that.
  if (!batch.intact) throw new InvalidBatchError(`the batch at offset ${header.baseOffset} is not intact`)
  yield batchToJson(header, batch.recordCount)
  for (const record of readStoredRecords(batch.bytes)) {
    yield boundedLine(recordToJson(record, header), `a record of the batch at offset ${header.baseOffset}`)
  }
}

async function* decode(
  bytes: AsyncIterable<Uint8Array>,
  { signal }: CodecCallOptions = {},
): AsyncGenerator<RecordBatch, void, void> {
  const lines = new BatchLines()
  let lineNumber = 0
  let batches = 0
  let ended = false
  for await (const line of splitLines(bytes, { maxLineBytes: MAX_LINE_BYTES })) {
    signal?.throwIfAborted()
    lineNumber += 1
    if (ended) throw damagedLine(lineNumber, 'it comes after the last line')
    ended = lines.betweenBatches && line === lastLine(batches)
    if (ended) continue
    const batch = parsedLine(lineNumber, () => lines.add(line))
    if (batch === undefined) continue
    batches += 1
    yield batch
  }
  if (!ended) throw damagedLine(lineNumber + 1, 'the last line is missing: the object is cut off')
}

/** Gathers the lines of one batch after the other. */
class BatchLines {
  #header: BatchHeader | undefined
  #wanted = 0
  #records: StoredRecord[] = []
  #recordsBytes = 0

  get betweenBatches(): boolean {
    return this.#header === undefined
  }

  /** Answers the batch that this line completes, if it does. */
  add(line: string): RecordBatch | undefined {
    if (this.#header === undefined) this.#begin(line)
    else this.#addRecord(recordFromJson(line, this.#header))
    if (this.#header === undefined || this.#records.length < this.#wanted) return undefined
    const batch = new RecordBatchView(buildBatch(this.#header, this.#records))
    this.#header = undefined
    return batch
  }

  #begin(line: string): void {
    const { header, records } = batchFromJson(line)
    this.#header = header
    this.#wanted = records
    this.#records = []
    this.#recordsBytes = 0
  }

  #addRecord(record: StoredRecord): void {
    this.#records.push(record)
    this.#recordsBytes += storedRecordBytes(record)
    if (this.#recordsBytes > MAX_RECORDS_BYTES) throw new TypeError('its batch is larger than any batch is')
  }
}

function lastLine(batches: number): string {
  return JSON.stringify({ batches })
}
