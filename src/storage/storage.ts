/** What a storage knows of an object without reading it. */
export interface ObjectInfo {
  /** Full key, as passed to `put`. */
  readonly key: string
  /** Size in bytes. */
  readonly sizeBytes: number
  /** When the object was created, in epoch milliseconds by the store's clock. */
  readonly modifiedMs: number
  /** CRC32C of the object's bytes; known by `head` where the store keeps it. */
  readonly crc32c?: number
}

/** A body that can be read again, so that a put can be retried. Its bytes must not change until the put is over. */
export type ObjectBody = Uint8Array | readonly Uint8Array[] | (() => AsyncIterable<Uint8Array>)

/** What every storage call accepts. */
export interface StorageCallOptions {
  /** Ends the call; it rejects with the signal's reason itself. */
  readonly signal?: AbortSignal | undefined
}

/** Options of {@link ArchiveStorage.put}. */
export interface PutOptions extends StorageCallOptions {
  /** CRC32C of the whole body. The store verifies it and refuses the object when it does not match. */
  readonly crc32c?: number | undefined
}

/** Answer of {@link ArchiveStorage.put}. */
export interface PutResult {
  /** Whether this call has made the object; `false` when the key was there before. */
  readonly created: boolean
  /** Facts of the object that is there now. */
  readonly info: ObjectInfo
}

/** Options of {@link ArchiveStorage.get}. */
export interface GetOptions extends StorageCallOptions {
  /** First byte to read; at the end of the object or beyond it there is nothing to read. @defaultValue `0` */
  readonly startByte?: number | undefined
  /** Byte after the last one to read, not less than `startByte`; beyond the end means up to the end. */
  readonly endByte?: number | undefined
  /**
   * Says where the next chunk may be put, so that no memory is needed for it: at its beginning, as much of it as fits.
   * Given only to storages that promise {@link StorageCapabilities.readsInPlace}, which call it once before each chunk
   * that they read. It never answers with nothing.
   */
  readonly space?: (() => Uint8Array) | undefined
}

/** Options of {@link ArchiveStorage.list}. */
export interface ListOptions extends StorageCallOptions {
  /** List only keys after this one. It need not exist. */
  readonly startAfter?: string | undefined
}

/** What a storage promises beyond what every storage must do. */
export interface StorageCapabilities {
  /**
   * Whether nothing of a body is looked at any more once its `put` has succeeded. Then the archiver uses the memory of a
   * body again, which makes it faster; where this is not promised it never does.
   *
   * @defaultValue `false`
   */
  readonly releasesBodies?: boolean | undefined
  /**
   * Whether `get` puts chunks where {@link GetOptions.space} says. Then those who only look at an object, such as `verify`
   * and `compare`, use little memory again and again.
   *
   * @defaultValue `false`
   */
  readonly readsInPlace?: boolean | undefined
}

/**
 * A flat namespace of write-once objects: all that kafkeep asks of a place that keeps archives.
 *
 * Keys are non-empty UTF-8 strings of at most 900 bytes without control characters; `/` separates path segments, and no
 * segment is empty, `.` or `..`. Readers see the whole object or none of it, also when the body throws or the signal fires half-way. What
 * `put` has acknowledged is durable and visible to every later call from anywhere. Keys are compared, sorted and
 * matched by their UTF-8 bytes. `kafkeep/testing` has the contract suite for drivers of one's own.
 */
export interface ArchiveStorage {
  /** What this storage promises beyond the rest; nothing when left out. */
  readonly capabilities?: StorageCapabilities | undefined
  /**
   * Creates the object whole or not at all; never replaces: answers `created: false` when the key exists, with the
   * facts of the object that is there. Of several puts at once exactly one is told `created: true`; only where an answer
   * was lost on its way may others that put the same bytes be told so, too.
   *
   * @throws {@link StorageError} when the store refuses or fails, also when the body does not match `crc32c`.
   */
  put(key: string, body: ObjectBody, options?: PutOptions): Promise<PutResult>
  /**
   * Reads an object, or a range of it, in chunks of any size. A stream that ends early rejects; it never just ends.
   *
   * @throws {@link ObjectNotFoundError} when there is no such object.
   */
  get(key: string, options?: GetOptions): AsyncIterable<Uint8Array>
  /** `undefined` only when there is no such object; a refusal or a fault rejects. */
  head(key: string, options?: StorageCallOptions): Promise<ObjectInfo | undefined>
  /** All objects whose key begins with `prefix`, in ascending UTF-8 byte order of the key. */
  list(prefix: string, options?: ListOptions): AsyncIterable<ObjectInfo>
  /** The distinct next path segments below `prefix`, each whole key prefix ending in `/`, in ascending byte order. */
  listPrefixes(prefix: string, options?: StorageCallOptions): AsyncIterable<string>
  /** Removes an object. Removing a missing object succeeds. */
  delete(key: string, options?: StorageCallOptions): Promise<void>
}
