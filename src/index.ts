/**
 * Archives Kafka topics and ZooKeeper znodes to object storage and restores them into a fresh cluster.
 *
 * @packageDocumentation
 */

export type { RangeOptions, RecordsOptions } from './archive/archive-range.js'
export type { CheckpointChoice } from './archive/checkpoint.js'
export type { Finding } from './archive/finding.js'
export type { BeforeInstant, InstantChoice } from './archive/instant-id.js'
export { type ArchiveLayout, kafkeepLayout, type TopicLayout, type ZnodeLayout } from './archive/layout.js'
export type { GapCause, OffsetRange, PartitionIdentity, SegmentName, TopicIdentity } from './archive/names.js'
export type { SegmentInfo } from './archive/partition-log.js'
export type { PrunedObject } from './archive/pruned-object.js'
export type { TopicDescription } from './archive/topic-description.js'
export type { Gap, PartitionVerdict } from './archive/verdict.js'
export { verdictTable } from './archive/verdict-table.js'
export type { SnapshotConsistency } from './archive/znode-snapshot-header.js'
export type {
  ArchiveEvent,
  CheckpointEvent,
  DivergedEvent,
  GapEvent,
  OpenTransactionEvent,
  SegmentEvent,
  StoppedEvent,
} from './archiver/events.js'
export type { ArchiveSummary } from './archiver/tally.js'
export type { CompressionType, TimestampType } from './batch/batch-header.js'
export type { KafkaRecord, RecordHeader } from './batch/read-records.js'
export type { RecordBatch } from './batch/record-batch.js'
export type { TopicPartition } from './batch/topic-partition.js'
export { type BinaryFramingOptions, binaryFraming } from './codec/binary-framing.js'
export type { BytesCodec, Codec, CodecCallOptions } from './codec/codec.js'
export { compose } from './codec/compose.js'
export { type EncryptedOptions, encrypted } from './codec/encrypted.js'
export { type GzipOptions, gzip } from './codec/gzip.js'
export { jsonLines } from './codec/json-lines.js'
export { jsonLinesZnodes } from './codec/json-lines-znodes.js'
export { logSegments } from './codec/log-segments.js'
export { type ZstdOptions, zstd } from './codec/zstd.js'
export type { CompareOptions } from './compare/compare-options.js'
export { convertArchive } from './convert/convert-archive.js'
export type { ConversionEvent, ConversionSummary, ConvertArchiveOptions } from './convert/convert-options.js'
export {
  ArchiveCorruptError,
  ArchiveGapError,
  ForeignContentError,
  KafkeepError,
  type KafkeepErrorCode,
  type KafkeepErrorOptions,
  LogDivergedError,
  LossyCodecError,
  NotInArchiveError,
  ObjectNotFoundError,
  RestoreConflictError,
  SnapshotIncompleteError,
  StorageError,
  TargetConflictError,
  TopicNotFoundError,
  TransportError,
  UnsupportedClientError,
  UnsupportedFormatError,
} from './errors.js'
export type { TopicFilter } from './internal/topic-filter.js'
export { type BurryLayoutOptions, burryLayout } from './interop/burry.js'
export { type ExhibitorOptions, exhibitorLayout } from './interop/exhibitor.js'
export { type ExportedLog, type ExportLogDirectoryOptions, exportLogDirectory } from './interop/log-directory.js'
export type { SpredfastLoss } from './interop/spredfast/losses.js'
export { type SpredfastLayoutOptions, spredfastLayout } from './interop/spredfast.js'
export type { ServerFilePlace } from './interop/zookeeper/file-place.js'
export type { ReplayOptions } from './interop/zookeeper/replay-options.js'
export { type ZooKeeperFilesOptions, zookeeperFilesLayout } from './interop/zookeeper-files.js'
export type { KafkaErrorName, NamedKafkaError } from './kafka/protocol/error-codes.js'
export type { MetadataQuestion } from './kafka/protocol/metadata.js'
export type { EpochEnd, EpochQuestion, LogPosition } from './kafka/protocol/offsets.js'
export type { ProduceAnswer } from './kafka/protocol/produce.js'
export type { TopicOperation } from './kafka/protocol/topic-operations.js'
export type {
  AbortedTransaction,
  ClusterMetadata,
  ConfigEntry,
  DivergingEpoch,
  FetchedPartition,
  FetchedTopic,
  FetchPosition,
  FetchRequest,
  GroupAssignment,
  GroupListing,
  GroupMembership,
  GroupOffset,
  KafkaTransport,
  NewTopic,
  PartitionMetadata,
  ProducerIdentity,
  TopicConfigs,
  TopicMetadata,
  TransactionalProducer,
  TransactionDescription,
  TransactionState,
  TransportCallOptions,
} from './kafka/transport.js'
export type { MergedSegment, MergeOptions } from './merge/merge-options.js'
export type { Progress, RunOptions } from './progress.js'
export type { PruneOptions } from './prune/prune-options.js'
export type {
  DamageEvent,
  GroupsEvent,
  OffsetMode,
  ProgressEvent,
  ReleasedEvent,
  RestoreEvent,
  TopicReadyEvent,
} from './restore/events.js'
export type { RestoredPartition } from './restore/partition-task.js'
export type { RestoreProblem } from './restore/plan.js'
export type { PlannedTopic, RestorePlan } from './restore/readable-plan.js'
export type { RenameOption } from './restore/rename.js'
export type { RestoreOptions } from './restore/restore-options.js'
export type { RestoreRange } from './restore/restore-ranges.js'
export type { RestoreSummary } from './restore/restore-run.js'
export type { RecordTransform } from './restore/transformed.js'
export { FileSystemStorage, type FileSystemStorageOptions } from './storage/filesystem.js'
export { MemoryStorage } from './storage/memory.js'
export { PrefixedStorage } from './storage/prefixed.js'
export { RetryingStorage, type RetryingStorageOptions } from './storage/retrying.js'
export type {
  ArchiveStorage,
  GetOptions,
  ListOptions,
  ObjectBody,
  ObjectInfo,
  PutOptions,
  PutResult,
  StorageCallOptions,
  StorageCapabilities,
} from './storage/storage.js'
export { type CheckpointInfo, TopicArchive, type TopicArchiveOptions } from './topic-archive.js'
export { type ArchiveOptions, TopicArchiver, type TopicArchiverOptions } from './topic-archiver.js'
export { TopicRestorer, type TopicRestorerOptions } from './topic-restorer.js'
export type { VerifyOptions } from './verify/verify-options.js'
export {
  type SnapshotInfo,
  ZnodeArchive,
  type ZnodeArchiveCallOptions,
  type ZnodeArchiveOptions,
  type ZnodePruneOptions,
} from './znode-archive.js'
export { ZnodeRestorer, type ZnodeRestorerOptions } from './znode-restorer.js'
export {
  type SnapshotEvent,
  type SnapshotStoredEvent,
  ZnodeSnapshotter,
  type ZnodeSnapshotterOptions,
} from './znode-snapshotter.js'
export type { ZnodeRestoreEvent } from './znodes/apply.js'
export type { ZnodeChange } from './znodes/decide.js'
export type { KeepRules } from './znodes/keep-rules.js'
export type { NodesReadEvent, TreeEvent, UnreadableEvent } from './znodes/read-tree.js'
export type { AclPolicy, SnapshotChoice, ZnodeRestoreOptions } from './znodes/restore-options.js'
export type { FailedChange, ZnodeRestoreSummary } from './znodes/restore-tally.js'
export type { SnapshotOptions } from './znodes/snapshot-options.js'
export type { SnapshotSummary } from './znodes/snapshot-summary.js'
export { kafkaTransientZnodes } from './zookeeper/kafka-transient-znodes.js'
export type { PathFilter } from './zookeeper/path-filter.js'
export type {
  CommitOutcome,
  Committed,
  CreateOperation,
  DeleteOperation,
  Refused,
  SetOperation,
  ZnodeOperation,
  ZnodeReading,
  ZooKeeperCallOptions,
  ZooKeeperTransport,
} from './zookeeper/transport.js'
export type { Acl, Znode, ZnodeStat } from './zookeeper/znode.js'
