import { readFile } from 'node:fs/promises'
import fc from 'fast-check'
import { ArchiveCorruptError, MemoryStorage, UnsupportedFormatError, zookeeperFilesLayout } from 'kafkeep'
import { describe, expect, it } from 'vitest'
import { znodeToJson } from '../../../../src/codec/znode-json.js'
import { FIXTURES, newestTree } from '../../../support/zookeeper-files.js'

const LAYOUT = zookeeperFilesLayout({ prefix: '', maxTreeBytes: 1_048_576 })

interface NamedFile {
  readonly name: string
  readonly bytes: Buffer
}

async function file(name: string): Promise<NamedFile> {
  const [, base = ''] = name.split('/')
  return { name: base, bytes: await readFile(`${FIXTURES}${name.replace('/', '/version-2/')}`) }
}

/** The tree in these files as text, or the error of the library that came instead; any other error fails the test. */
async function outcome(files: readonly NamedFile[]): Promise<string> {
  const storage = new MemoryStorage()
  for (const { name, bytes } of files) await storage.put(name, bytes)
  try {
    return (await newestTree(storage, LAYOUT)).map(znodeToJson).join('\n')
  } catch (error) {
    if (error instanceof ArchiveCorruptError) {
      expect(error.key).toBeDefined()
      return 'damaged'
    }
    if (error instanceof UnsupportedFormatError) return 'unsupported'
    throw error
  }
}

function changedAt(bytes: Buffer, position: number, value: number): Buffer {
  const copy = Buffer.from(bytes)
  copy[position] = value
  return copy
}

describe('a snapshot', () => {
  it('is never read with one byte that is another', async () => {
    const { name, bytes } = await file('plain/snapshot.17')
    for (let position = 0; position < bytes.length; position += 2) {
      const damaged = changedAt(bytes, position, (bytes[position] ?? 0) ^ (1 << (position % 7)))
      // Its version, and the id of its database, which nobody looks at: but they are sealed with the rest.
      expect(await outcome([{ name, bytes: damaged }]), `byte ${position}`).toMatch(/damaged|unsupported/)
    }
  })

  it('is never read in part, but where an older server would have ended it', async () => {
    const { name, bytes } = await file('plain/snapshot.17')
    const whole = await outcome([{ name, bytes }])
    const parts = new Set<number>()
    for (let length = 0; length < bytes.length; length += length < bytes.length - 100 ? 7 : 1) {
      const result = await outcome([{ name, bytes: bytes.subarray(0, length) }])
      if (result !== 'damaged') parts.add(bytes.length - length)
      if (result !== 'damaged') expect(result).toBe(whole)
    }
    // Without the last transaction, and without the digest too: each with its seal.
    expect([...parts]).toEqual([54, 21])
  })

  it('tells the file and the byte', async () => {
    const { name, bytes } = await file('plain/snapshot.17')
    const storage = new MemoryStorage()
    await storage.put(name, bytes.subarray(0, 700))
    await expect(newestTree(storage, LAYOUT)).rejects.toMatchObject({
      key: 'snapshot.17',
      message: 'snapshot.17 is damaged at byte 700: it is cut off',
    })
  })
})

describe.each(['plain/snapshot.17', 'gz/snapshot.1e.gz', 'snappy/snapshot.1a.snappy'])('%s', (name) => {
  it('that is changed anyhow gives its tree or an error', async () => {
    const { name: base, bytes } = await file(name)
    const whole = await outcome([{ name: base, bytes }])
    await fc.assert(
      fc.asyncProperty(damageArbitrary(bytes.length), async (damage) => {
        expect([whole, 'damaged', 'unsupported']).toContain(await outcome([{ name: base, bytes: damage(bytes) }]))
      }),
      { numRuns: 300 },
    )
  })
})

describe('a log', () => {
  /** The trees after each of its transactions. */
  async function states(files: readonly NamedFile[]): Promise<Set<string>> {
    const storage = new MemoryStorage()
    for (const { name, bytes } of files) await storage.put(name, bytes)
    const trees = new Set<string>()
    for (let zxid = 0x23n; zxid <= 0x31n; zxid += 1n) {
      const layout = zookeeperFilesLayout({ prefix: '', toZxid: zxid })
      trees.add((await newestTree(storage, layout)).map(znodeToJson).join('\n'))
    }
    return trees
  }

  it('with one byte that is another gives its tree, or an error', async () => {
    const [snapshot, log] = [await file('plain/snapshot.23'), await file('plain/log.25')]
    const before = await file('plain/log.19')
    const whole = await outcome([snapshot, before, log])
    const end = log.bytes.lastIndexOf(0x42)
    for (let position = 0; position <= end; position += position < end - 300 ? 3 : 1) {
      const value = (log.bytes[position] ?? 0) ^ (1 << (position % 7))
      const damaged = { ...log, bytes: changedAt(log.bytes, position, value) }
      const result = await outcome([snapshot, before, damaged])
      // The id of the database is not sealed, and says nothing.
      if (result === whole) expect(position).toBeLessThan(16)
      else expect(result, `byte ${position}`).toMatch(/^(damaged|unsupported)$/)
    }
  })

  it('that is cut off gives the tree as it was after one of its transactions', async () => {
    const [snapshot, log] = [await file('plain/snapshot.23'), await file('plain/log.25')]
    const before = await file('plain/log.19')
    const trees = await states([snapshot, before, log])
    const end = log.bytes.lastIndexOf(0x42)
    // Every place in the last transactions, and some before.
    for (let length = 16; length <= end; length += length < end - 300 ? 13 : 1) {
      // A killed server has written zeros ahead.
      for (const padding of length % 2 === 0 ? [0] : [100]) {
        const cut = Buffer.concat([log.bytes.subarray(0, length), Buffer.alloc(padding)])
        const result = await outcome([snapshot, before, { ...log, bytes: cut }])
        if (result !== 'damaged') expect(trees.has(result), `cut at ${length}`).toBe(true)
        // By chance the last byte that was written may look like the end of a transaction.
        else expect(cut.subarray(0, length).findLast((byte) => byte !== 0)).toBe(0x42)
      }
    }
  })

  it('that is changed anyhow gives one of its trees or an error', async () => {
    const [snapshot, log] = [await file('plain/snapshot.23'), await file('plain/log.25')]
    const before = await file('plain/log.19')
    const allowed = new Set([...(await states([snapshot, before, log])), 'damaged', 'unsupported'])
    const written = log.bytes.subarray(0, log.bytes.lastIndexOf(0x42) + 50)
    await fc.assert(
      fc.asyncProperty(damageArbitrary(written.length), async (damage) => {
        const damaged = { ...log, bytes: damage(written) }
        expect(allowed.has(await outcome([snapshot, before, damaged]))).toBe(true)
      }),
      { numRuns: 500 },
    )
  })
})

/** Flips, cuts and inserts bytes. */
function damageArbitrary(length: number): fc.Arbitrary<(bytes: Buffer) => Buffer> {
  const position = fc.nat({ max: length - 1 })
  return fc.oneof(
    fc.array(fc.tuple(position, fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 4 }).map((flips) => {
      return (bytes: Buffer) => {
        const copy = Buffer.from(bytes)
        for (const [at, mask] of flips) copy[at] = (copy[at] ?? 0) ^ mask
        return copy
      }
    }),
    fc.tuple(position, position).map(([one, other]) => (bytes: Buffer) => {
      return Buffer.concat([bytes.subarray(0, Math.min(one, other)), bytes.subarray(Math.max(one, other))])
    }),
    fc.tuple(position, fc.uint8Array({ minLength: 1, maxLength: 40 })).map(([at, added]) => (bytes: Buffer) => {
      return Buffer.concat([bytes.subarray(0, at), added, bytes.subarray(at)])
    }),
    // Numbers that claim much.
    fc.tuple(position, fc.constantFrom(0x7fffffff, 0x0fffffff, -1, -2, 0x00100000)).map(([at, number]) => {
      return (bytes: Buffer) => {
        const copy = Buffer.from(bytes)
        if (at + 4 <= copy.length) copy.writeInt32BE(number, at)
        return copy
      }
    }),
  )
}
