import type { RecordBatch } from '../batch/record-batch.js'
import type { Codec } from '../codec/codec.js'
import { codecOption } from '../codec/codec-option.js'
import { jsonLinesZnodes } from '../codec/json-lines-znodes.js'
import { logSegments } from '../codec/log-segments.js'
import { portOption } from '../internal/options.js'
import type { ArchiveStorage } from '../storage/storage.js'
import type { Znode } from '../zookeeper/znode.js'
import { kafkeepLayout, type TopicLayout, type ZnodeLayout } from './layout.js'

/** An archive that is read, as it was given. */
interface ReadOptions<L, T> {
  readonly storage: ArchiveStorage
  readonly layout?: L | undefined
  readonly codecs?: readonly Codec<T>[] | undefined
}

/** An archive that is written, as it was given. */
interface WriteOptions<L, T> {
  readonly storage: ArchiveStorage
  readonly layout?: L | undefined
  readonly codec?: Codec<T> | undefined
}

/** An archive that is read: its codecs are those besides the built-in ones. */
export interface ReadWiring<T> {
  readonly storage: ArchiveStorage
  readonly codecs: readonly Codec<T>[]
}

/** An archive that is written. */
export interface WriteWiring<T> {
  readonly storage: ArchiveStorage
  readonly codec: Codec<T>
}

/** What is called of a storage. */
type StorageMethods = readonly (keyof ArchiveStorage & string)[]

/** Checks where topics are read from. `methods` are what the caller needs of the storage. */
export function topicSource(
  options: ReadOptions<TopicLayout, RecordBatch>,
  methods: StorageMethods,
): ReadWiring<RecordBatch> {
  return source(options, options.layout?.topicCodecs, methods)
}

/** Checks where topics are written to. */
export function topicTarget(
  options: WriteOptions<TopicLayout, RecordBatch>,
  methods: StorageMethods,
): WriteWiring<RecordBatch> {
  return target(options, options.layout?.topicCodecs, logSegments(), methods)
}

/** Checks where znodes are read from. */
export function znodeSource(options: ReadOptions<ZnodeLayout, Znode>, methods: StorageMethods): ReadWiring<Znode> {
  return source(options, options.layout?.znodeCodecs, methods)
}

/** Checks where znodes are written to. */
export function znodeTarget(options: WriteOptions<ZnodeLayout, Znode>, methods: StorageMethods): WriteWiring<Znode> {
  return target(options, options.layout?.znodeCodecs, jsonLinesZnodes(), methods)
}

function source<T>(
  { storage, layout, codecs = [] }: ReadOptions<TopicLayout | ZnodeLayout, T>,
  own: readonly Codec<T>[] | undefined,
  methods: StorageMethods,
): ReadWiring<T> {
  if (own !== undefined && codecs.length > 0) throw fixed('codecs', layout)
  return {
    storage: seen(storage, layout, methods),
    codecs: own ?? [...codecs].map((one) => codecOption('codecs', one)),
  }
}

function target<T>(
  { storage, layout, codec }: WriteOptions<TopicLayout | ZnodeLayout, T>,
  own: readonly [Codec<T>, ...Codec<T>[]] | undefined,
  usual: Codec<T>,
  methods: StorageMethods,
): WriteWiring<T> {
  if (layout?.readOnly === true) {
    throw new TypeError(`\`layout\` must be one that can be written with, got ${layout.id}, which is only read`)
  }
  if (own !== undefined && codec !== undefined) throw fixed('codec', layout)
  return { storage: seen(storage, layout, methods), codec: codecOption('codec', codec ?? own?.[0] ?? usual) }
}

function seen(
  storage: ArchiveStorage,
  layout: TopicLayout | ZnodeLayout = kafkeepLayout(),
  methods: StorageMethods,
): ArchiveStorage {
  return portOption('layout', layout, ['over']).over(portOption('storage', storage, methods))
}

function fixed(option: string, layout: TopicLayout | ZnodeLayout | undefined): TypeError {
  return new TypeError(`\`${option}\` cannot be given with the layout ${layout?.id}: it has a codec of its own`)
}
