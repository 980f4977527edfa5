/** What file systems and disks ask of memory that they read or write themselves: no page is larger where kafkeep runs. */
export const ALIGNMENT_BYTES = 4_096

const WASM_PAGE_BYTES = 65_536

/** Part of Node, but not of its types. */
declare const WebAssembly: {
  readonly Memory: new (size: {
    readonly initial: number
    readonly maximum: number
  }) => { readonly buffer: ArrayBuffer }
}

/** Memory that is known to begin at a multiple of {@link ALIGNMENT_BYTES}. */
const aligned = new WeakSet<ArrayBufferLike>()

/**
 * New memory that begins at a multiple of {@link ALIGNMENT_BYTES}, where that can be had; see {@link isAligned}. What is
 * in it is undefined.
 *
 * JavaScript cannot ask for that, nor learn an address. But the memory of a WebAssembly module begins with a page.
 */
export function allocateAligned(bytes: number): Buffer {
  try {
    const pages = Math.ceil(bytes / WASM_PAGE_BYTES)
    const { buffer } = new WebAssembly.Memory({ initial: pages, maximum: pages })
    aligned.add(buffer)
    return Buffer.from(buffer, 0, bytes)
  } catch {
    // No address space is left, or the host forbids WebAssembly.
    return Buffer.allocUnsafeSlow(bytes)
  }
}

/** Whether `bytes` are known to begin at a multiple of {@link ALIGNMENT_BYTES}. */
export function isAligned(bytes: Uint8Array): boolean {
  return aligned.has(bytes.buffer) && bytes.byteOffset % ALIGNMENT_BYTES === 0
}
