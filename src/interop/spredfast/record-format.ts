import type { KafkaRecord } from '../../batch/read-records.js'
import { FramedRecordReader, framesOf, type RecordReader } from '../../codec/framed-records.js'
import { DelimitedRecordReader, type Delimiters, delimitedOf } from './delimited-records.js'

/** How records are written in a file; the file does not say it. */
export interface RecordFormat {
  /** Whether keys are in it. */
  readonly keys: boolean
  /** What empty bytes stand for when read. */
  readonly empty: Uint8Array | null
  /** Delimiters of `format=text`; `undefined` for `format=binary`, which has lengths. */
  readonly delimiters: Delimiters | undefined
}

/** What takes the records of a file apart. */
export function readerOf({ keys, empty, delimiters }: RecordFormat): RecordReader {
  return delimiters === undefined
    ? new FramedRecordReader({ keys, empty })
    : new DelimitedRecordReader({ delimiters, empty })
}

/** The bytes of records in a file. */
export function bytesOf(records: Iterable<KafkaRecord>, { keys, delimiters }: RecordFormat): Uint8Array {
  return Buffer.concat(delimiters === undefined ? framesOf(records, { keys }) : delimitedOf(records, delimiters))
}
