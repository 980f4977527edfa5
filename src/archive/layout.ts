import type { RecordBatch } from '../batch/record-batch.js'
import type { Codec } from '../codec/codec.js'
import type { ArchiveStorage } from '../storage/storage.js'
import type { Znode } from '../zookeeper/znode.js'

/**
 * How an archive lies in storage. kafkeep works with its own names (docs/format.md): a foreign layout shows what an
 * older tool has stored under these names, and stores under the tool's names what kafkeep writes.
 */
export interface ArchiveLayout {
  /** Short name for people and error messages. */
  readonly id: string
  /** Whether it only shows what is there, so that nothing can be written with it. @defaultValue `false` */
  readonly readOnly?: boolean | undefined
  /**
   * The archive in `storage`, seen with kafkeep's names. Nothing is read yet. What is put may be shown under another
   * name than it was put under: the answer has the key that it can be found by.
   */
  over(storage: ArchiveStorage): ArchiveStorage
}

/** A layout for topics. */
export interface TopicLayout extends ArchiveLayout {
  /** The codecs of a foreign layout, the one that writes first. The caller may give none then. */
  readonly topicCodecs?: readonly [Codec<RecordBatch>, ...Codec<RecordBatch>[]] | undefined
}

/** A layout for znodes. */
export interface ZnodeLayout extends ArchiveLayout {
  /** The codecs of a foreign layout, the one that writes first. The caller may give none then. */
  readonly znodeCodecs?: readonly [Codec<Znode>, ...Codec<Znode>[]] | undefined
}

/** kafkeep's own layout, the default. Any codec goes with it. */
export function kafkeepLayout(): TopicLayout & ZnodeLayout {
  return { id: 'kafkeep', over: (storage) => storage }
}
