import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chainFor, type SegmentInfo } from '../../../src/archive/partition-log.js'
import { ReusedBlocks } from '../../../src/archive/reused-blocks.js'
import type { RecordBatchView } from '../../../src/batch/record-batch.js'
import { BufferPool } from '../../../src/internal/buffer-pool.js'
import { exactSteps } from '../../../src/restore/exact-steps.js'
import type { RestoreStep } from '../../../src/restore/step.js'
import { translatedSteps } from '../../../src/restore/translated-steps.js'
import { FileSystemStorage } from '../../../src/storage/filesystem.js'
import { batchView } from '../../support/batches.js'
import { bytesOf } from '../../support/restoring.js'
import { partitionLog, putSegment } from '../../support/segments.js'
import { temporaryFolders } from '../../support/temporary-folders.js'
import { collected } from '../../support/znode-arbitrary.js'

const BLOCK_BYTES = 4_194_304

/** A pool that tells how much memory it has ever lent. */
class WatchedPool extends BufferPool {
  readonly lent = new Set<Buffer>()

  constructor() {
    super({ bufferBytes: BLOCK_BYTES })
  }

  override borrow(): Buffer {
    const block = super.borrow()
    this.lent.add(block)
    return block
  }
}

/** Small ones are put together, large ones are larger than a block. */
const VALUE_BYTES = fc.oneof(
  { weight: 3, arbitrary: fc.integer({ min: 0, max: 2_000 }) },
  { weight: 3, arbitrary: fc.integer({ min: 200_000, max: 900_000 }) },
  { weight: 1, arbitrary: fc.constant(BLOCK_BYTES + 1_000_000) },
)
const SEGMENTS = fc.array(fc.array(VALUE_BYTES, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 5 })

const newFolder = temporaryFolders()

describe('the memory that a restore reads segments to', () => {
  /** Stores segments with one batch for each size, and answers the chain of them. */
  async function stored(segments: readonly (readonly number[])[]) {
    const storage = new FileSystemStorage({ directory: await newFolder() })
    const infos: SegmentInfo[] = []
    let baseOffset = 0n
    for (const sizes of segments) {
      const batches: RecordBatchView[] = sizes.map((bytes) => {
        const batch = batchView({ baseOffset, records: [{ value: Buffer.alloc(bytes, Number(baseOffset) + 1) }, {}] })
        baseOffset = batch.nextOffset
        return batch
      })
      infos.push(await putSegment(storage, batches))
    }
    const log = { from: 0n, next: baseOffset }
    const chain = chainFor(partitionLog({ segments: infos }), { generation: 1, ...log })
    return { source: { storage, codecs: [] }, log: { chain, ...log } }
  }

  /** Goes through steps, `inFlight` of them at a time, and answers what each one still is when it is done. */
  async function sent(steps: AsyncIterable<RestoreStep>, inFlight: number): Promise<Buffer[]> {
    const waiting: RestoreStep[] = []
    const bytes: Buffer[] = []
    const finish = () => {
      const step = waiting.shift()
      if (step?.type !== 'batch') return
      bytes.push(bytesOf(step))
      step.release()
    }
    for await (const step of steps) {
      waiting.push(step)
      if (waiting.length > inFlight) finish()
    }
    while (waiting.length > 0) finish()
    return bytes
  }

  it.each(['translated', 'exact'] as const)(
    'keeps %s batches as they are until they are done',
    async (how) => {
      await fc.assert(
        fc.asyncProperty(SEGMENTS, fc.nat(6), async (segments, inFlight) => {
          const { source, log } = await stored(segments)
          const steps = (blocks?: ReusedBlocks) =>
            how === 'exact'
              ? exactSteps(source, log, { targetFrom: 0n, blocks })
              : translatedSteps(source, log.chain, { blocks })
          const expected = (await collected(steps())).flatMap((step) => (step.type === 'batch' ? [bytesOf(step)] : []))
          const found = await sent(steps(new ReusedBlocks(new WatchedPool())), inFlight)
          expect(found.length).toBe(expected.length)
          expect(found.every((bytes, index) => expected[index]?.equals(bytes))).toBe(true)
        }),
        { numRuns: 25 },
      )
    },
    60_000,
  )

  it('is used again, however much is read', async () => {
    const { source, log } = await stored(Array.from({ length: 8 }, () => Array.from({ length: 20 }, () => 400_000)))
    const pool = new WatchedPool()
    const found = await sent(translatedSteps(source, log.chain, { blocks: new ReusedBlocks(pool) }), 5)
    expect(found).toHaveLength(160)
    // A segment takes two blocks; the one before may still be on its way.
    expect(pool.lent.size).toBeLessThanOrEqual(5)
  })
})
