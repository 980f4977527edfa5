/** What every codec call accepts. */
export interface CodecCallOptions {
  /** Ends the call; it rejects with the signal's reason itself. */
  readonly signal?: AbortSignal | undefined
  /**
   * What the object is, as its name says it, in one line. A codec that encrypts binds it to the content, so that an
   * object under another object's name is noticed; others may ignore it.
   */
  readonly subject?: string | undefined
  /** Told by `encode` of each thing that a record has and the codec does not keep, in one word such as `headers`. */
  readonly onLoss?: ((loss: string) => void) | undefined
}

/**
 * Turns items into the bytes of one object and back. `T` is `RecordBatch` for topics, `Znode` for znodes and
 * `Uint8Array` for byte transforms.
 */
export interface Codec<T> {
  /** Short name for people and error messages. */
  readonly id: string
  /** What the object's key ends in, with the leading dot: `.log`, `.log.gz`. Readers choose the codec by it. */
  readonly extension: string
  /** Whether `decode` gives back everything that `encode` was given. */
  readonly lossless: boolean
  /** Whether a part of the object can be decoded from a byte range. */
  readonly seekable: boolean
  /**
   * Whether `encode` gives exactly the bytes of the items, one after another. Then the archiver may hand these bytes to
   * the storage by itself, and readers may take the batches from the object by themselves.
   *
   * @defaultValue `false`
   */
  readonly verbatim?: boolean | undefined
  /**
   * Set where its objects are those of another tool, shown by a layout. Nothing is known of their bytes beforehand, so
   * `decode` must notice every damage by itself. Of the offsets in one the first is known (`placed`), or none
   * (`counted`).
   */
  readonly foreign?: 'placed' | 'counted' | undefined
  /** Streams the bytes of an object that holds `items`. */
  encode(items: AsyncIterable<T>, options?: CodecCallOptions): AsyncIterable<Uint8Array>
  /**
   * Streams the items of an object.
   *
   * @throws {@link ArchiveCorruptError} when the bytes are not what `encode` writes; an early end is never a success.
   */
  decode(bytes: AsyncIterable<Uint8Array>, options?: CodecCallOptions): AsyncIterable<T>
}

/** A transform of bytes, such as compression or encryption. */
export type BytesCodec = Codec<Uint8Array>
