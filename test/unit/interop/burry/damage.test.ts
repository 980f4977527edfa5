import { deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { ArchiveCorruptError, burryLayout, KafkeepError, MemoryStorage, type Znode } from 'kafkeep'
import { describe, expect, it } from 'vitest'
import { burryArchive, nodesOfZip, SNAPSHOT } from '../../../support/burry.js'
import { storeSnapshot } from '../../../support/stored-snapshots.js'
import { type HandmadeFile, handmadeZip, localFile, zipFiles } from '../../../support/zips.js'
import { collected, znode } from '../../../support/znode-arbitrary.js'

const ROOT: HandmadeFile = { name: `${SNAPSHOT}/content` }
const A: HandmadeFile = { name: `${SNAPSHOT}/a/content`, data: 'the data of a' }
const B: HandmadeFile = { name: `${SNAPSHOT}/b/content`, data: 'the data of b' }
const MIB = 1_048_576

/** A zip with files that have names of the caller's, below the folder of the snapshot. */
function named(name: string): Buffer {
  return handmadeZip([ROOT, { name: `${SNAPSHOT}/${name}`, data: 'x' }])
}

/** A zip of which one file is not as it should be. */
function broken(file: Partial<HandmadeFile>): Buffer {
  return handmadeZip([ROOT, { ...A, ...file }, B])
}

/** A zip with a file that lies in another one, as in the zips that become a million times larger. */
function overlapping(): Buffer {
  const outer = { ...A, method: 0, data: localFile(B) }
  const offset = localFile(ROOT).length + localFile({ ...outer, data: '' }).length
  return handmadeZip([ROOT, outer], { listed: [ROOT, outer, { ...B, offset }] })
}

describe('a zip that is not as it must be', () => {
  it('is intact before anything is changed', async () => {
    expect(await nodesOfZip(handmadeZip([ROOT, A, B]))).toHaveLength(3)
    expect(await nodesOfZip(handmadeZip([ROOT, { ...A, method: 0 }, B], { comment: 'intact' }))).toHaveLength(3)
  })

  it.each<[string, Buffer, string]>([
    ['no zip', Buffer.from('PK? no'), 'is not an intact zip'],
    ['empty', Buffer.of(), 'is not an intact zip'],
    ['without files', handmadeZip([]), `it has no folder ${SNAPSHOT}`],
    ['of another snapshot', handmadeZip([{ name: '1483193387/content' }]), `it has no folder ${SNAPSHOT}`],
    ['cut off', handmadeZip([ROOT, A, B]).subarray(0, -1), 'is not an intact zip'],
    ['cut off in the middle', handmadeZip([ROOT, A, B]).subarray(0, 90), 'is not an intact zip'],
    ['without its first byte', handmadeZip([ROOT, A, B]).subarray(1), 'is not an intact zip'],
    ['longer than it says', Buffer.concat([handmadeZip([ROOT, A, B]), Buffer.of(0)]), 'is not an intact zip'],
    ['short of a file in its directory', handmadeZip([ROOT, A, B], { listed: [ROOT, B] }), 'belong to no file'],
    ['short of its last file in its directory', handmadeZip([ROOT, A, B], { listed: [ROOT, A] }), 'belong to no file'],
    ['short in its count', handmadeZip([ROOT, A, B], { count: 2 }), 'central directory has not the size'],
    ['ahead in its count', handmadeZip([ROOT, A, B], { count: 4 }), 'is not an intact zip'],
    ['one with two files of one place', broken({ offset: 0, name: ROOT.name, data: '' }), 'lies in another file'],
    ['one with a file in another one', overlapping(), 'lies in another file'],
    ['one with two names of a file', broken({ localName: `${SNAPSHOT}/c/content` }), 'it has two different names'],
    ['one with a file twice', handmadeZip([ROOT, A, { ...A }]), '/a has content twice'],
    [
      'one with a node twice',
      handmadeZip([ROOT, { name: `${SNAPSHOT}/:/content` }, { name: `${SNAPSHOT}/BURRY_ESC_COLON/content` }]),
      '/: has content twice',
    ],
    [
      'one with two sidecars',
      handmadeZip([1, 2].map(() => ({ name: `${SNAPSHOT}/.kafkeep.znodes.jsonl` }))),
      'there are two of it',
    ],
    ['one with a file that is a folder', named('content/content'), 'it is a file and a folder'],
    ['one with a wrong checksum', broken({ sum: 1 }), `a/content\\" is damaged: its checksum is wrong`],
    ['one with a wrong checksum of a stored file', broken({ sum: 1, method: 0 }), 'its checksum is wrong'],
    ['one with more bytes than declared', broken({ sizeBytes: 12 }), 'it does not decompress to 12 bytes'],
    ['one with fewer bytes than declared', broken({ sizeBytes: 14 }), 'its checksum is wrong'],
    ['one with bytes that are not deflated', broken({ packed: Buffer.from('not deflated') }), 'it does not decompress'],
    [
      'one with deflated bytes that are cut off',
      broken({ packed: deflateRawSync('the data of a').subarray(0, 5) }),
      'it does not decompress',
    ],
    ['encrypted', broken({ flags: 1 }), 'it is encrypted'],
    ['strongly encrypted', broken({ flags: 0x41 }), 'strong encryption is not supported'],
    ['compressed otherwise', broken({ method: 12 }), 'its compression method is 12'],
    ['one with a name that is not UTF-8', handmadeZip([ROOT, { name: Buffer.from([0x31, 0xff]) }]), 'is not UTF-8'],
    ['one with the path of a root', handmadeZip([ROOT, { name: '/etc/content' }]), 'is not the name of a file'],
    ['one with a path to outside', named('a/../../etc/content'), 'is not the name of a file'],
    ['one with a path to nowhere', named('a/./content'), 'is not the name of a file'],
    ['one with an empty name', named('a//content'), 'is not the name of a file'],
    ['one with a NUL in a name', named('a\0b/content'), 'is not the name of a file'],
    ['one with no name at all', handmadeZip([ROOT, { name: '' }]), 'is not the name of a file'],
    ['one with a name longer than any path', named(`${'a/'.repeat(2_100)}content`), 'has more than 4096 bytes'],
    ['one with a znode larger than any', broken({ data: Buffer.alloc(33 * MIB) }), 'no znode holds 34603008 bytes'],
    [
      'a bomb that is not declared',
      broken({ packed: deflateRawSync(Buffer.alloc(33 * MIB)), sizeBytes: 1_000, sum: 0 }),
      'it does not decompress to 1000 bytes',
    ],
    [
      'a bomb that is',
      handmadeZip([ROOT, { ...A, sizeBytes: 2_000_000_000 }, { ...B, sizeBytes: 2_000_000_001 }]),
      'more than 4000000000 bytes when',
    ],
  ])('is %s: an error that names it', async (_, zip, text) => {
    const { archive } = await burryArchive(zip)
    const error = await collected(archive.nodes('latest')).catch((cause) => cause)
    expect(error).toBeInstanceOf(ArchiveCorruptError)
    expect(error.key).toBe(SNAPSHOT)
    expect(JSON.stringify(error.message)).toContain(JSON.stringify(text).slice(1, -1).replaceAll('\\\\', ''))
    expect(await collected(archive.verify())).toMatchObject([{ kind: 'damaged', text: error.message }])
  })
})

it('is not even read when it is larger than what is held in memory', async () => {
  class HugeStorage extends MemoryStorage {
    override async head(key: string) {
      const info = await super.head(key)
      return info && { ...info, sizeBytes: 536_870_913 }
    }
    override get(): AsyncIterable<Uint8Array> {
      throw new Error('it is read')
    }
  }
  const storage = new HugeStorage()
  await storage.put(SNAPSHOT, handmadeZip([ROOT]))
  const view = burryLayout().over(storage)
  const [{ key = '' } = {}] = await collected(view.list('znodes/'))
  await expect(collected(view.get(key))).rejects.toThrow(`${SNAPSHOT} is not an intact zip: it has more than 536870912`)
})

const text = (value: string) => new Uint8Array(Buffer.from(value))
const ACL = [{ permissions: 1, scheme: 'world', id: 'anyone' }]
const NODES = [
  znode({ path: '/', childCount: 3 }),
  znode({ path: '/a', data: text('the data of a'), acl: ACL }),
  znode({ path: '/b', childCount: 1 }),
  znode({ path: '/b/c:d', data: text('the data of b/c:d'), version: 7 }),
  znode({ path: '/content', data: text('not for Burry') }),
  znode({ path: '/e', kind: 'ephemeral', ephemeralOwner: 9n }),
]

/** The zip that kafkeep makes of the nodes. */
async function ownZip(): Promise<Buffer> {
  const storage = new MemoryStorage()
  await storeSnapshot(burryLayout().over(storage), { nodes: NODES, takenMs: Number(SNAPSHOT) * 1_000 })
  return Buffer.concat(await collected(storage.get(SNAPSHOT)))
}

describe("a zip of kafkeep's that somebody has edited", () => {
  const rezipped = async (edit: (files: HandmadeFile[]) => HandmadeFile[]) =>
    nodesOfZip(handmadeZip(edit(zipFiles(await ownZip()).map(({ name, data }) => ({ name, data })))))
  const file = (path: string) => `${SNAPSHOT}/${path}`

  it('is intact as long as nothing is changed, in whatever order it is', async () => {
    expect(await rezipped((files) => files.toReversed())).toEqual(NODES)
    expect(await rezipped((files) => [...files, { name: file('b/README') }, { name: file('a/') }])).toEqual(NODES)
  })

  it.each<[string, (files: HandmadeFile[]) => HandmadeFile[], string]>([
    [
      'data',
      (files) => files.map((one) => (one.name === file('a/content') ? { ...one, data: 'x' } : one)),
      '/a is not',
    ],
    ['a node less', (files) => files.filter(({ name }) => name !== file('a/content')), 'only one of them has /a'],
    ['a node more', (files) => [...files, { name: file('x/content') }], 'only one of them has /x'],
    ['a folder more', (files) => [...files, { name: file('x/y/') }], 'only one of them has /x'],
    ['a node that only kafkeep keeps', (files) => [...files, { name: file('e/content') }], 'only one of them has /e'],
  ])('by %s: an error that says so', async (_, edit, text) => {
    const read = rezipped(edit)
    await expect(read).rejects.toMatchObject({ code: 'ARCHIVE_CORRUPT', key: SNAPSHOT, hint: expect.any(String) })
    await expect(read).rejects.toThrow(text)
  })

  it('gives what Burry would restore when the file of kafkeep is taken out', async () => {
    const nodes = await rezipped((files) => files.filter(({ name }) => name !== file('.kafkeep.znodes.jsonl')))
    expect(nodes.map(({ path, version }) => [path, version])).toEqual(
      ['/', '/a', '/b', '/b/c:d'].map((path) => [path, 0]),
    )
  })

  it('is damaged when the file of kafkeep is', async () => {
    const edit = (change: (text: string) => string) =>
      rezipped((files) =>
        files.map((one) =>
          one.name === file('.kafkeep.znodes.jsonl') ? { ...one, data: change(String(one.data)) } : one,
        ),
      )
    const damages: [string, (text: string) => string][] = [
      ['header speaks of', (text) => text.replace('"version":7', '"version":8')],
      ['last line is missing', (text) => text.slice(0, -12)],
      ['the header of a znode snapshot', (text) => text.slice(text.indexOf('\n') + 1)],
    ]
    const badSum = rezipped((files) =>
      files.map((one) => (one.name === file('.kafkeep.znodes.jsonl') ? { ...one, sum: 1 } : one)),
    )
    await expect(badSum).rejects.toThrow('its checksum is wrong')
    for (const [why, change] of damages) await expect(edit(change)).rejects.toThrow(why)
  })
})

describe('whatever happens to the bytes of a zip', () => {
  const flipped = (zip: Buffer, at: number, mask: number) => {
    const copy = Buffer.from(zip)
    copy.writeUInt8(copy.readUInt8(at) ^ mask, at)
    return copy
  }
  /** Throws unless reading gives the same nodes or an error of kafkeep's. */
  const check = async (zip: Buffer, nodes: readonly Znode[]) => {
    const read = await nodesOfZip(zip).catch((error) => error)
    if (!(read instanceof KafkeepError)) expect(read).toEqual(nodes)
  }

  it.each([
    ['of Burry', async () => handmadeZip([ROOT, A, { ...B, name: `${SNAPSHOT}/grüße/content` }])],
    ['of kafkeep', ownZip],
  ])('one %s gives the same tree or an error', async (_, make) => {
    const zip = await make()
    const nodes = await nodesOfZip(zip)
    for (let at = 0; at < zip.length; at += 1) {
      await check(flipped(zip, at, 1 << (at % 8)), nodes)
      await check(zip.subarray(0, at), nodes)
    }
    const piece = fc.record({ at: fc.nat(zip.length), bytes: fc.nat(40), instead: fc.uint8Array({ maxLength: 40 }) })
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { minLength: 1, maxLength: 3 }), async (pieces) => {
        const edited = pieces.reduce<Buffer>((before, { at, bytes, instead }) => {
          return Buffer.concat([before.subarray(0, at), instead, before.subarray(at + bytes)])
        }, zip)
        await check(edited, nodes)
      }),
      { numRuns: 500 },
    )
  })
})
