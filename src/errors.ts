/** Every `code` a {@link KafkeepError} can carry. `docs/errors.md` explains each one. */
export type KafkeepErrorCode =
  | 'ARCHIVE_CORRUPT'
  | 'ARCHIVE_GAP'
  | 'FOREIGN_CONTENT'
  | 'LOG_DIVERGED'
  | 'LOSSY_CODEC'
  | 'NOT_IN_ARCHIVE'
  | 'OBJECT_NOT_FOUND'
  | 'RESTORE_CONFLICT'
  | 'SNAPSHOT_INCOMPLETE'
  | 'STORAGE_FAILED'
  | 'TARGET_CONFLICT'
  | 'TOPIC_NOT_FOUND'
  | 'TRANSPORT_FAILED'
  | 'UNSUPPORTED_CLIENT'
  | 'UNSUPPORTED_FORMAT'

/** What every kafkeep error takes besides its message. */
export interface KafkeepErrorOptions extends ErrorOptions {
  /** What a person can do about it. */
  readonly hint?: string | undefined
  /** Whether the same call may succeed later without any change by the caller. */
  readonly retryable?: boolean | undefined
}

/**
 * Base of all errors that kafkeep raises about the world outside the program. Wrong arguments are `TypeError` or
 * `RangeError` instead, and cancellation rethrows the signal's own reason.
 */
export abstract class KafkeepError extends Error {
  /** Stable, machine-readable reason. Match on this, not on `message`. */
  abstract readonly code: KafkeepErrorCode
  /** `true` when the same call may succeed later without any change by the caller. */
  readonly retryable: boolean
  /** What a person can do about it, where there is something. */
  readonly hint?: string

  /** Keeps `cause`, `hint` and `retryable` beside the sentence. */
  constructor(message: string, options: KafkeepErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.retryable = options.retryable ?? false
    if (options.hint !== undefined) this.hint = options.hint
  }
}

/** A stored object does not exist. */
export class ObjectNotFoundError extends KafkeepError {
  /** Name of the class. */
  override readonly name = 'ObjectNotFoundError'
  /** {@inheritDoc KafkeepError.code} */
  override readonly code = 'OBJECT_NOT_FOUND' as const

  /** `key` is the full object key, as passed to the storage. */
  constructor(
    /** Full object key, as passed to the storage. */
    readonly key: string,
    options?: KafkeepErrorOptions,
  ) {
    super(`object not found: ${key}`, options)
  }
}

/** The object storage refused or failed a call. Never means that an object is absent. */
export class StorageError extends KafkeepError {
  /** Name of the class. */
  override readonly name = 'StorageError'
  /** {@inheritDoc KafkeepError.code} */
  override readonly code = 'STORAGE_FAILED' as const
  /** The key or prefix of the call, where it had one. */
  readonly key?: string

  /** `key` is the object or prefix the failed call was about. */
  constructor(message: string, options: KafkeepErrorOptions & { readonly key?: string | undefined } = {}) {
    super(message, options)
    if (options.key !== undefined) this.key = options.key
  }
}

/** Kafka or ZooKeeper could not be reached, or refused a request. */
export class TransportError extends KafkeepError {
  /** Name of the class. */
  override readonly name = 'TransportError'
  /** {@inheritDoc KafkeepError.code} */
  override readonly code = 'TRANSPORT_FAILED' as const
  /** The system on the other side. */
  readonly system: 'kafka' | 'zookeeper'
  /** The protocol's own name of the error, such as `TOPIC_AUTHORIZATION_FAILED`, where the server gave one. */
  readonly reason?: string

  /** `reason` is the protocol's own name of the error. */
  constructor(
    message: string,
    options: KafkeepErrorOptions & {
      readonly system: 'kafka' | 'zookeeper'
      readonly reason?: string | undefined
    },
  ) {
    super(message, options)
    this.system = options.system
    if (options.reason !== undefined) this.reason = options.reason
  }
}

/** The client library that was handed in does not have the shape this version of kafkeep knows. */
export class UnsupportedClientError extends KafkeepError {
  /** Name of the class. */
  override readonly name = 'UnsupportedClientError'
  /** {@inheritDoc KafkeepError.code} */
  override readonly code = 'UNSUPPORTED_CLIENT' as const
}

/** A named topic does not exist in the cluster. */
export class TopicNotFoundError extends KafkeepError {
  /** Name of the class. */
  override readonly name = 'TopicNotFoundError'
  /** {@inheritDoc KafkeepError.code} */
  override readonly code = 'TOPIC_NOT_FOUND' as const

  /** `topic` is the name that was asked for. */
  constructor(
    /** The name that was asked for. */
    readonly topic: string,
    options?: KafkeepErrorOptions,
  ) {
    super(`topic not found: ${topic}`, options)
  }
}

/** The archive has no such topic, checkpoint or snapshot. */
export class NotInArchiveError extends KafkeepError {
  /** Name of the class. */
  override readonly name = 'NotInArchiveError'
  /** {@inheritDoc KafkeepError.code} */
  override readonly code = 'NOT_IN_ARCHIVE' as const
}

/** What is stored contradicts itself: a checksum, a count, a name or a field is not what it must be. */
export class ArchiveCorruptError extends KafkeepError {
  /** Name of the class. */
  override readonly name = 'ArchiveCorruptError'
  /** {@inheritDoc KafkeepError.code} */
  override readonly code = 'ARCHIVE_CORRUPT' as const
  /** The object that is damaged or missing. */
  readonly key?: string
  /** First offset that cannot be read. */
  readonly from?: bigint
  /** Offset after the last one that cannot be read. */
  readonly next?: bigint

  /** `from` and `next` bound the offsets that are affected. */
  constructor(
    message: string,
    options: KafkeepErrorOptions & {
      readonly key?: string | undefined
      readonly from?: bigint | undefined
      readonly next?: bigint | undefined
    } = {},
  ) {
    super(message, options)
    if (options.key !== undefined) this.key = options.key
    if (options.from !== undefined) this.from = options.from
    if (options.next !== undefined) this.next = options.next
  }
}

/** An object needs a codec, compression or format version that this reader does not have. */
export class UnsupportedFormatError extends KafkeepError {
  /** Name of the class. */
  override readonly name = 'UnsupportedFormatError'
  /** {@inheritDoc KafkeepError.code} */
  override readonly code = 'UNSUPPORTED_FORMAT' as const
}

/** What was asked for needs data that the archive's codec does not keep, such as offsets or transaction state. */
export class LossyCodecError extends KafkeepError {
  /** Name of the class. */
  override readonly name = 'LossyCodecError'
  /** {@inheritDoc KafkeepError.code} */
  override readonly code = 'LOSSY_CODEC' as const
}

/** The storage (or its prefix) already holds objects that are not a kafkeep archive. */
export class ForeignContentError extends KafkeepError {
  /** Name of the class. */
  override readonly name = 'ForeignContentError'
  /** {@inheritDoc KafkeepError.code} */
  override readonly code = 'FOREIGN_CONTENT' as const
}

/** Offsets are gone from the log before they could be archived, and the caller asked to stop there. */
export class ArchiveGapError extends KafkeepError {
  /** Name of the class. */
  override readonly name = 'ArchiveGapError'
  /** {@inheritDoc KafkeepError.code} */
  override readonly code = 'ARCHIVE_GAP' as const
}

/** The log on the broker does not continue what is archived of it. */
export class LogDivergedError extends KafkeepError {
  /** Name of the class. */
  override readonly name = 'LogDivergedError'
  /** {@inheritDoc KafkeepError.code} */
  override readonly code = 'LOG_DIVERGED' as const
}

/** The restore target is not fit to receive the data. Nothing was written to it. */
export class TargetConflictError extends KafkeepError {
  /** Name of the class. */
  override readonly name = 'TargetConflictError'
  /** {@inheritDoc KafkeepError.code} */
  override readonly code = 'TARGET_CONFLICT' as const
}

/** An unfinished restore of the same target has other options, or somebody else wrote to the target meanwhile. */
export class RestoreConflictError extends KafkeepError {
  /** Name of the class. */
  override readonly name = 'RestoreConflictError'
  /** {@inheritDoc KafkeepError.code} */
  override readonly code = 'RESTORE_CONFLICT' as const
}

/** A snapshot could not be taken as completely or as exactly as was asked. Nothing was stored. */
export class SnapshotIncompleteError extends KafkeepError {
  /** Name of the class. */
  override readonly name = 'SnapshotIncompleteError'
  /** {@inheritDoc KafkeepError.code} */
  override readonly code = 'SNAPSHOT_INCOMPLETE' as const
}
