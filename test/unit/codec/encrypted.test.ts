import { inspect } from 'node:util'
import { Decrypter, generateIdentity, generateX25519Identity, identityToRecipient } from 'age-encryption'
import { describe, expect, it, vi } from 'vitest'
import { readSegment } from '../../../src/archive/read-segment.js'
import { findSnapshot, readSnapshotNodes, writeSnapshot } from '../../../src/archive/znode-snapshot.js'
import { OpenSegment } from '../../../src/archiver/open-segment.js'
import { storeSegment } from '../../../src/archiver/store-segment.js'
import { compose } from '../../../src/codec/compose.js'
import { type EncryptedOptions, encrypted } from '../../../src/codec/encrypted.js'
import { jsonLinesZnodes } from '../../../src/codec/json-lines-znodes.js'
import { logSegments } from '../../../src/codec/log-segments.js'
import { MemoryStorage } from '../../../src/storage/memory.js'
import { batchView, numberedRecords } from '../../support/batches.js'
import { PARTITION, segmentMemory } from '../../support/segments.js'
import { collected, streamOf, znode } from '../../support/znode-arbitrary.js'

const identity = await generateIdentity()
const recipient = await identityToRecipient(identity)
const stranger = await generateX25519Identity()
const writer = encrypted({ recipients: [recipient] })
const reader = encrypted({ identities: [stranger, identity] })

async function encode(codec = writer, subject: string | undefined = 'orders/0'): Promise<Buffer> {
  return Buffer.concat(await collected(codec.encode(streamOf([Buffer.from('content')]), { subject })))
}

async function decode(bytes: Uint8Array, codec = reader, subject: string | undefined = 'orders/0'): Promise<string> {
  return Buffer.concat(await collected(codec.decode(streamOf([bytes]), { subject }))).toString()
}

describe('encrypted', () => {
  it('writes what age alone can decrypt: two lines that say what it is, then the content', async () => {
    const decrypter = new Decrypter()
    decrypter.addIdentity(identity)
    expect(await decrypter.decrypt(new Uint8Array(await encode()), 'text')).toBe('kafkeep\norders/0\ncontent')
  })

  it('opens what one of the identities fits, and says when none does', async () => {
    const bytes = await encode()
    expect(await decode(bytes)).toBe('content')
    const locked = { code: 'UNSUPPORTED_FORMAT', hint: expect.stringContaining('identities') }
    await expect(decode(bytes, encrypted({ identities: [stranger] }))).rejects.toMatchObject(locked)
    await expect(decode(bytes, encrypted({ passphrase: 'secret' }))).rejects.toMatchObject(locked)
    await expect(async () => decode(bytes, writer)).rejects.toMatchObject(locked)
  })

  it('writes for every recipient', async () => {
    const bytes = await encode(encrypted({ recipients: [await identityToRecipient(stranger), recipient] }))
    for (const one of [identity, stranger])
      expect(await decode(bytes, encrypted({ identities: [one] }))).toBe('content')
  })

  it('opens with the passphrase it was written with, and with no other', { timeout: 60_000 }, async () => {
    const bytes = await encode(encrypted({ passphrase: 'correct horse' }))
    expect(await decode(bytes, encrypted({ passphrase: 'correct horse' }))).toBe('content')
    await expect(decode(bytes, encrypted({ passphrase: 'wrong horse' }))).rejects.toMatchObject({
      code: 'UNSUPPORTED_FORMAT',
    })
  })

  it('notices an object that is not what its name says', async () => {
    const bytes = await encode(writer, 'orders/0')
    await expect(decode(bytes, reader, 'orders/1')).rejects.toMatchObject({
      code: 'ARCHIVE_CORRUPT',
      message: 'encrypted content says that it is "orders/0", not "orders/1"',
    })
    await expect(decode(await encode(writer, ''), reader, 'orders/1')).rejects.toMatchObject({
      code: 'ARCHIVE_CORRUPT',
    })
  })

  it('decrypts without asking what it is when nobody says', async () => {
    const bytes = await encode(writer, 'orders/0')
    expect(Buffer.concat(await collected(reader.decode(streamOf([bytes])))).toString()).toBe('content')
  })

  it.each([
    ['text', Buffer.from('kafkeep\norders/0\ncontent')],
    ['an age header without an end', Buffer.from('age-encryption.org/v1\n-> X25519 ')],
  ])('refuses %s', async (_, bytes) => {
    await expect(decode(bytes)).rejects.toMatchObject({ code: 'ARCHIVE_CORRUPT' })
  })

  it.each([
    ['nothing', ''],
    ['one line', 'kafkeep\n'],
    ['other lines', 'hello\norders/0\ncontent'],
    ['no lines at all', 'x'.repeat(10_000)],
  ])('refuses an age file of somebody else, with %s in it', async (_, content) => {
    const { Encrypter } = await import('age-encryption')
    const encrypter = new Encrypter()
    encrypter.addRecipient(recipient)
    await expect(decode(await encrypter.encrypt(content))).rejects.toMatchObject({ code: 'ARCHIVE_CORRUPT' })
  })

  it('refuses a subject of two lines', async () => {
    await expect(encode(writer, 'two\nlines')).rejects.toThrow(TypeError)
  })
})

describe('the keys of encrypted', () => {
  it.each<[string, object]>([
    ['none', {}],
    ['empty lists', { recipients: [], identities: [] }],
    ['a recipient that is none', { recipients: ['ssh-ed25519 AAAA'] }],
    ['an identity that is none', { identities: ['age1qqqq'] }],
    ['a single string', { recipients: 'age1qqqq' }],
    ['an empty passphrase', { passphrase: '' }],
    ['recipients and a passphrase', { recipients: ['age1qqqq'], passphrase: 'x' }],
    ['an unknown option', { recipients: ['age1qqqq'], armor: true }],
  ])('are checked at once: %s', (_, options) => {
    expect(() => encrypted(options as EncryptedOptions)).toThrow(TypeError)
  })

  it('are refused on first use when they turn out to be none', async () => {
    await expect(encode(encrypted({ recipients: [recipient, 'age1qqqq'] }))).rejects.toThrow('`recipients[1]`')
    await expect(decode(await encode(), encrypted({ identities: [`${identity}X`] }))).rejects.toThrow('`identities[0]`')
  })

  it('are needed for writing', () => {
    expect(() => reader.encode(streamOf([]))).toThrow(TypeError)
  })

  it('never show', async () => {
    const wrong = encrypted({ identities: [`${identity}X`] })
    const error = await decode(await encode(), wrong).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(TypeError)
    const texts = [error, wrong, encrypted({ passphrase: 'correct horse' })].map((shown) =>
      inspect(shown, { depth: Number.POSITIVE_INFINITY, showHidden: true }),
    )
    for (const text of texts) expect(text).not.toMatch(/AGE-SECRET-KEY|correct horse/)
  })
})

describe('encrypted without its package', () => {
  it('names the package', async () => {
    vi.resetModules()
    vi.doMock('age-encryption', () => {
      throw new Error('Cannot find package')
    })
    try {
      const fresh = await import('../../../src/codec/encrypted.js')
      await expect(encode(fresh.encrypted({ recipients: [recipient] }))).rejects.toMatchObject({
        code: 'UNSUPPORTED_FORMAT',
        hint: 'npm i age-encryption',
      })
    } finally {
      vi.doUnmock('age-encryption')
      vi.resetModules()
    }
  })
})

describe('an encrypted archive', () => {
  it('notices a segment that lies where another one belongs', async () => {
    const storage = new MemoryStorage()
    const codec = compose(logSegments(), encrypted({ recipients: [recipient], identities: [identity] }))
    const batch = batchView({ records: numberedRecords(3) })
    const open = new OpenSegment(PARTITION, 0n, segmentMemory())
    open.take(batch)
    open.keep(batch.bytes)
    const segment = await storeSegment({ storage, codec }, { ...PARTITION, generation: 1 }, open.close(), {})
    const source = { storage, codecs: [codec] }
    expect((await collected(readSegment(source, segment, {}))).map(({ bytes }) => bytes)).toEqual([batch.bytes])
    for (const other of [{ partition: 4 }, { topic: 'others' }, { generation: 2 }, { next: 4n }]) {
      // As if the same object were listed under another name.
      const moved = collected(readSegment(source, { ...segment, ...other }, {}))
      await expect(moved).rejects.toMatchObject({ code: 'ARCHIVE_CORRUPT', key: segment.key })
    }
  })

  it('notices a snapshot that lies where another one belongs', async () => {
    const storage = new MemoryStorage()
    const codec = compose(jsonLinesZnodes(), encrypted({ recipients: [recipient], identities: [identity] }))
    const proof = { consistency: 'exact' as const, moved: [], fromZxid: 1n, toZxid: 1n }
    const snapshot = {
      facts: { takenMs: 1_000, roots: ['/'], exclude: [], unreadable: [], ...proof },
      nodes: () => streamOf([znode({ path: '/' })]),
      codec,
    }
    await writeSnapshot(storage, snapshot, {})
    const stored = await findSnapshot(storage, 'latest', {})
    expect(await collected(readSnapshotNodes(storage, stored, { codecs: [codec] }))).toHaveLength(1)
    const moved = collected(readSnapshotNodes(storage, { ...stored, id: 'another' }, { codecs: [codec] }))
    await expect(moved).rejects.toMatchObject({ code: 'ARCHIVE_CORRUPT', key: stored.key })
  })
})
