import assert from 'node:assert/strict'
import { setImmediate } from 'node:timers/promises'
import { all } from '../storage-contract/support.js'
import { type CodecContract, encode, pieces, WatchedSource } from './support.js'

/** Small, so that an object is many of them. */
const PIECE_BYTES = 100

/** A call that is under way. */
interface Call {
  readonly source: WatchedSource<unknown>
  readonly output: AsyncIterable<unknown>
}

interface CallOptions {
  /** Called by the source between two of its items; may throw. */
  readonly between?: () => void
  readonly signal?: AbortSignal
}

/** Calls that end before everything has been read. */
export function endingContract<T>(contract: CodecContract<T>): void {
  for (const [name, start] of Object.entries(directions(contract))) {
    leaving(contract, name, start)
    failing(contract, name, start)
    aborting(contract, name, start)
  }
  unhandled(contract)
}

type Start = (options?: CallOptions) => Promise<Call>

function directions<T>({ codec, items }: CodecContract<T>): Readonly<Record<'encode' | 'decode', Start>> {
  return {
    async encode({ between, signal } = {}) {
      const source = new WatchedSource(items, between)
      return { source, output: codec.encode(source, { signal }) }
    },
    async decode({ between, signal } = {}) {
      const source = new WatchedSource(pieces(await encode(codec, items), PIECE_BYTES), between)
      return { source, output: codec.decode(source, { signal }) }
    },
  }
}

function leaving<T>({ test }: CodecContract<T>, name: string, start: Start): void {
  test(`closes its source when the reader leaves ${name} early`, async () => {
    const { source, output } = await start()
    for await (const _ of output) break
    assert.equal(source.closed, true)
  })
}

function failing<T>({ test }: CodecContract<T>, name: string, start: Start): void {
  test(`lets an error of the source of ${name} out as it is`, async () => {
    const boom = new Error('boom')
    const between = () => {
      throw boom
    }
    const { output } = await start({ between })
    await assert.rejects(all(output), (error) => error === boom)
  })
}

function aborting<T>({ test }: CodecContract<T>, name: string, start: Start): void {
  test(`rejects ${name} with the reason itself when the signal has fired already`, async () => {
    const reason = new Error('stop')
    const { output } = await start({ signal: AbortSignal.abort(reason) })
    await assert.rejects(all(output), (error) => error === reason)
  })

  test(`rejects ${name} with the reason itself when the signal fires in the middle, and closes its source`, async () => {
    const reason = new Error('stop')
    const controller = new AbortController()
    const between = () => controller.abort(reason)
    const { source, output } = await start({ between, signal: controller.signal })
    await assert.rejects(all(output), (error) => error === reason)
    assert.equal(source.closed, true)
  })
}

function unhandled<T>(contract: CodecContract<T>): void {
  contract.test('leaves no rejection unhandled', async () => {
    const found: unknown[] = []
    const note = (reason: unknown) => found.push(reason)
    process.on('unhandledRejection', note)
    try {
      for (const start of Object.values(directions(contract))) {
        for await (const _ of (await start()).output) break
        const boom = () => {
          throw new Error('boom')
        }
        await assert.rejects(all((await start({ between: boom })).output))
        await assert.rejects(all((await start({ signal: AbortSignal.abort(new Error('stop')) })).output))
      }
      // Node reports unhandled rejections when the microtasks are done.
      await setImmediate()
      await setImmediate()
    } finally {
      process.off('unhandledRejection', note)
    }
    assert.deepEqual(found, [])
  })
}
