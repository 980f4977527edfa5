import type { TopicLayout } from '../archive/layout.js'
import { booleanOption, choiceOption, integerOption, rejectUnknownOptions } from '../internal/options.js'
import { checkKeyPrefix } from '../storage/object-key.js'
import { fileCodec, foreignFileCodecs, type WrittenChunk } from './spredfast/file-codec.js'
import { folderOf } from './spredfast/file-names.js'
import { SPREDFAST_LOSSES, type SpredfastLoss } from './spredfast/losses.js'
import type { RecordFormat } from './spredfast/record-format.js'
import { SpredfastArchive } from './spredfast/spredfast-archive.js'

/** How a connector was configured, and what of its archive is to be made. */
export interface SpredfastLayoutOptions {
  /** Whether keys are in the files: `format.include.keys`, and for text whether `format.key.delimiter` was set. */
  readonly keys: boolean
  /** The connector's `s3.prefix`. Leave out what the storage's own prefix has already. @defaultValue `''` */
  readonly prefix?: string | undefined
  /** The connector's `format`. @defaultValue `'binary'` */
  readonly format?: 'binary' | 'text' | undefined
  /**
   * The connector's `compressed_block_size`: how large the content of a chunk grows before the next one begins, in
   * bytes. Its own source reads files of more than one chunk only with luck.
   *
   * @defaultValue `67_108_864` (64 MiB)
   */
  readonly blockBytes?: number | undefined
  /**
   * What empty keys and values are when read: the files write null and empty alike.
   *
   * @defaultValue `'empty'`, which never turns an empty value into a tombstone
   */
  readonly emptyAs?: 'empty' | 'null' | undefined
  /** The connector's `format.key.delimiter`; for `format: 'text'` with keys. */
  readonly keyDelimiter?: string | undefined
  /** The connector's `format.value.delimiter`, for `format: 'text'`. @defaultValue a line feed */
  readonly valueDelimiter?: string | undefined
  /**
   * What may be lost when records are written; `true` for everything. What is lost is counted in the summary.
   *
   * @defaultValue nothing: the first record that would lose something ends the run
   */
  readonly allowLoss?: boolean | readonly SpredfastLoss[] | undefined
  /**
   * Whether the number of records in a file is taken from its index. If not, files are read to count them, and a value
   * of `format: 'text'` that has a delimiter inside counts as several records; by its index it is damage. Connectors from
   * before December 2016 could write wrong numbers.
   *
   * @defaultValue `true`
   */
  readonly useIndex?: boolean | undefined
}

const KNOWN = [
  ...['keys', 'prefix', 'format', 'blockBytes', 'emptyAs', 'keyDelimiter', 'valueDelimiter', 'allowLoss', 'useIndex'],
]
const DEFAULTS = { blockBytes: 67_108_864, valueDelimiter: '\n' } as const
/** Java counts the bytes of a chunk in 32 bits. */
const MAX_BLOCK_BYTES = 2_147_483_647

/**
 * The archives of the spredfast Kafka Connect connector (2017) and of its forks, to be read and to be written.
 *
 * Reading takes every file that is there, whatever the connector itself makes of it: of several chunks, without an index,
 * of several days, uploaded twice, with the headers of one fork and the folders of another. Offsets but the first of a
 * file are marked as derived ({@link KafkaRecord.offsetDerived}), timestamps are -1. Each day of uploads is a checkpoint.
 *
 * Writing gives files that the connector's source reads. What they cannot hold is kept beside them, in the folder
 * `kafkeep/`, or is lost, if `allowLoss` says so.
 *
 * @throws TypeError or RangeError when an option is wrong.
 * @see docs/spredfast-migration.md
 */
export function spredfastLayout(options: SpredfastLayoutOptions): TopicLayout {
  rejectUnknownOptions('spredfastLayout', options, KNOWN)
  const format = checkedFormat(options)
  const { prefix = '' } = options
  checkKeyPrefix(prefix)
  const max = MAX_BLOCK_BYTES
  const chunks = new WeakMap<Uint8Array, WrittenChunk>()
  const files = new WeakMap<Uint8Array, string>()
  const codecOptions = {
    format,
    blockBytes: integerOption('blockBytes', options.blockBytes, DEFAULTS.blockBytes, { min: 1, max }),
    allowed: allowedLosses(options.allowLoss),
    onChunk: (chunk: Uint8Array, facts: WrittenChunk) => chunks.set(chunk, facts),
    fileOf: (bytes: Uint8Array) => files.get(bytes),
  }
  const codec = fileCodec(codecOptions)
  const view = {
    prefix: folderOf(prefix),
    codec,
    delimited: format.delimiters !== undefined,
    useIndex: booleanOption('useIndex', options.useIndex, true),
    chunkFacts: (chunk: Uint8Array) => chunks.get(chunk),
    onFile: (bytes: Uint8Array, key: string) => files.set(bytes, key),
  }
  return {
    id: 'spredfast',
    topicCodecs: [codec, ...foreignFileCodecs(codecOptions)],
    over: (storage) => new SpredfastArchive({ storage, ...view }),
  }
}

function checkedFormat(options: SpredfastLayoutOptions): RecordFormat {
  if (options.keys === undefined) throw new TypeError('`keys` must be given: true or false')
  const keys = booleanOption('keys', options.keys, true)
  const format = choiceOption('format', options.format, 'binary', ['binary', 'text'])
  const emptyAs = choiceOption('emptyAs', options.emptyAs, 'empty', ['empty', 'null'])
  const empty = emptyAs === 'null' ? null : Buffer.alloc(0)
  const { keyDelimiter, valueDelimiter } = options
  if (format === 'binary') {
    const [extra] = Object.entries({ keyDelimiter, valueDelimiter }).filter(([, value]) => value !== undefined)
    if (extra !== undefined) throw new TypeError(`\`${extra[0]}\` is only for format: 'text'`)
    return { keys, empty, delimiters: undefined }
  }
  if (keys !== (keyDelimiter !== undefined)) {
    throw new TypeError("with format: 'text', `keyDelimiter` must be given when `keys` is true, and only then")
  }
  const value = delimiter('valueDelimiter', valueDelimiter ?? DEFAULTS.valueDelimiter)
  return { keys, empty, delimiters: { key: keys ? delimiter('keyDelimiter', keyDelimiter) : undefined, value } }
}

function delimiter(name: string, text: string | undefined): Buffer {
  if (typeof text === 'string' && text !== '') return Buffer.from(text)
  throw new TypeError(`\`${name}\` must be a string that is not empty, got ${String(text)}`)
}

function allowedLosses(allowed: SpredfastLayoutOptions['allowLoss'] = []): ReadonlySet<SpredfastLoss> {
  if (typeof allowed === 'boolean') return new Set(allowed ? SPREDFAST_LOSSES : [])
  if (!Array.isArray(allowed))
    throw new TypeError(`\`allowLoss\` must be true, false or a list, got ${String(allowed)}`)
  for (const loss of allowed) choiceOption('allowLoss', loss, loss, SPREDFAST_LOSSES)
  return new Set(allowed)
}
