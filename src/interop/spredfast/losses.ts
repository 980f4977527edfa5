import type { KafkaRecord } from '../../batch/read-records.js'
import type { RecordBatch } from '../../batch/record-batch.js'
import { partitionName } from '../../batch/topic-partition.js'
import { LossyCodecError } from '../../errors.js'
import type { RecordFormat } from './record-format.js'

/**
 * What the files do not keep of a record.
 *
 * - `tombstones`: whether a value is null or empty.
 * - `keys`: whether a key is null or empty.
 * - `headers`
 * - `timestamps`
 * - `delimiters`: a delimiter of `format: 'text'` in a key or a value, which makes two records of one.
 */
export type SpredfastLoss = 'tombstones' | 'keys' | 'headers' | 'timestamps' | 'delimiters'

/** All of them. */
export const SPREDFAST_LOSSES: readonly SpredfastLoss[] = ['tombstones', 'keys', 'headers', 'timestamps', 'delimiters']

/** Takes note of what is lost. */
export class Losses {
  readonly #format: RecordFormat
  readonly #allowed: ReadonlySet<SpredfastLoss>
  readonly #onLoss: ((loss: SpredfastLoss) => void) | undefined

  constructor(
    format: RecordFormat,
    allowed: ReadonlySet<SpredfastLoss>,
    onLoss: ((loss: SpredfastLoss) => void) | undefined,
  ) {
    this.#format = format
    this.#allowed = allowed
    this.#onLoss = onLoss
  }

  /**
   * The same records, each once it is looked at.
   *
   * @throws {@link LossyCodecError} at one that would lose something that may not be lost.
   */
  *watched(batch: RecordBatch): Generator<KafkaRecord, void, void> {
    for (const record of batch.records()) {
      for (const loss of this.#lossesOf(record)) {
        if (!this.#allowed.has(loss)) throw refusedLoss(record, loss)
        this.#onLoss?.(loss)
      }
      yield record
    }
  }

  *#lossesOf({ key, value, headers, timestampMs }: KafkaRecord): Generator<SpredfastLoss, void, void> {
    const { keys, delimiters } = this.#format
    if (this.#isConfused(value)) yield 'tombstones'
    if (keys && this.#isConfused(key)) yield 'keys'
    if (headers.length > 0) yield 'headers'
    if (timestampMs >= 0n) yield 'timestamps'
    if (delimiters !== undefined && splits(keys ? key : null, value, delimiters)) yield 'delimiters'
  }

  /** Null and empty are written alike, and come back as one of them. */
  #isConfused(field: Uint8Array | null): boolean {
    return this.#format.empty === null ? field?.length === 0 : field === null
  }
}

function splits(
  key: Uint8Array | null,
  value: Uint8Array | null,
  delimiters: NonNullable<RecordFormat['delimiters']>,
): boolean {
  const holds = (field: Uint8Array | null, delimiter: Buffer | undefined) =>
    field !== null &&
    delimiter !== undefined &&
    Buffer.from(field.buffer, field.byteOffset, field.length).includes(delimiter)
  return holds(key, delimiters.key) || holds(value, delimiters.value)
}

const WORDS: Readonly<Record<SpredfastLoss, string>> = {
  tombstones: 'a value that is null or empty, which are the same there',
  keys: 'a key that is null or empty, which are the same there',
  headers: 'headers, which have no place there',
  timestamps: 'a timestamp, which has no place there',
  delimiters: 'a delimiter inside, which would make two records of it',
}

function refusedLoss(record: KafkaRecord, loss: SpredfastLoss): LossyCodecError {
  return new LossyCodecError(
    `the record at offset ${record.offset} of ${partitionName(record)} cannot be kept in a spredfast archive: it has ${WORDS[loss]}`,
    { hint: `archive in kafkeep's own layout, or pass \`allowLoss: ['${loss}']\` to spredfastLayout()` },
  )
}
