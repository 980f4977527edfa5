import { crc32c } from '@node-rs/crc32'
import { StorageError } from '../errors.js'
import { abortableItems } from '../internal/abortable-items.js'
import type { ObjectBody } from './storage.js'

/** Size and CRC32C of the bytes that have passed. */
export class BodyMeter {
  #sizeBytes = 0
  #crc32c = 0

  /** Bytes so far. */
  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** CRC32C of the bytes so far. */
  get crc32c(): number {
    return this.#crc32c
  }

  /** Counts the next bytes. */
  add(chunk: Uint8Array): void {
    this.#sizeBytes += chunk.length
    this.#crc32c = crc32c(chunk, this.#crc32c)
  }
}

/** Reads a body from its beginning, through `meter`. Its own errors come out as they are. */
export async function* bodyChunks(
  body: ObjectBody,
  { meter, signal }: { readonly meter: BodyMeter; readonly signal: AbortSignal | undefined },
): AsyncGenerator<Uint8Array, void, undefined> {
  const chunks = typeof body === 'function' ? body() : inMemory(body)
  for await (const chunk of abortableItems(chunks, signal)) {
    if (!(chunk instanceof Uint8Array)) throw new TypeError(`a body must give Uint8Arrays, got ${String(chunk)}`)
    meter.add(chunk)
    yield chunk
  }
}

/** Size and CRC32C of a body, by reading it. */
export async function measureBody(body: ObjectBody, signal: AbortSignal | undefined): Promise<BodyMeter> {
  const meter = new BodyMeter()
  for await (const _ of bodyChunks(body, { meter, signal })) {
    // The meter has counted it.
  }
  return meter
}

/** Throws unless the bytes that were read have the CRC32C that the caller gave, if any. */
export function verifyCrc32c(key: string, meter: BodyMeter, expected: number | undefined): void {
  if (expected === undefined || expected === meter.crc32c) return
  throw new StorageError(`body of ${key} has CRC32C ${hex(meter.crc32c)}, the caller says ${hex(expected)}`, {
    key,
    hint: 'the bytes changed after their checksum was taken, or the checksum is of something else; nothing was stored',
  })
}

async function* inMemory(body: Uint8Array | readonly Uint8Array[]): AsyncGenerator<Uint8Array, void, undefined> {
  if (body instanceof Uint8Array) yield body
  else yield* body
}

function hex(crc: number): string {
  return crc.toString(16).padStart(8, '0')
}
