import { ReadableStream } from 'node:stream/web'
import { ArchiveCorruptError, UnsupportedFormatError } from '../errors.js'
import { missingPackage } from '../internal/optional-package.js'
import { rejectUnknownOptions } from '../internal/options.js'
import type { BytesCodec, CodecCallOptions } from './codec.js'
import { withoutSubject, withSubject } from './subject-header.js'
import { throughStream } from './through-stream.js'

/** Options of {@link encrypted}: at least one, and not both of `recipients` and `passphrase`. */
export interface EncryptedOptions {
  /** Public keys to write for (`age1…`), each of whose owners can read. Without them or a passphrase nothing is written. */
  readonly recipients?: readonly string[] | undefined
  /** Private keys to read with (`AGE-SECRET-KEY-1…`): all are tried. A machine that only archives needs none. */
  readonly identities?: readonly string[] | undefined
  /**
   * To write and to read with. Guessing is made expensive by scrypt, at about a second and 256 MiB for each object:
   * prefer recipients.
   */
  readonly passphrase?: string | undefined
}

type AgeEncryption = typeof import('age-encryption')

const RECIPIENT_PREFIX = 'age1'
const IDENTITY_PREFIX = 'AGE-SECRET-KEY-'

/**
 * Encrypts in the age format (version 1, binary), which the age tool decrypts. Needs the package `age-encryption`.
 * What an object is (topic, partition and offsets) is encrypted with it, in two lines at the beginning: an object that
 * was put under another one's name is an {@link ArchiveCorruptError} when it is read.
 *
 * Names and sizes of objects stay readable, and so do checkpoints and descriptions of topics. Whoever has a recipient
 * can write objects: encryption does not prove who wrote them.
 *
 * @throws TypeError when an option is wrong, also on first use, when a key turns out not to be one.
 */
export function encrypted(options: EncryptedOptions): BytesCodec {
  const keys = checkedKeys(options)
  const { recipients, identities, passphrase } = keys
  return {
    id: 'encrypted',
    extension: '.age',
    lossless: true,
    seekable: false,
    encode(bytes, options = {}) {
      if (recipients.length > 0 || passphrase !== undefined) return encode(bytes, keys, options)
      throw new TypeError('encrypted() needs `recipients` or a `passphrase` to write')
    },
    decode(bytes, options = {}) {
      if (identities.length > 0 || passphrase !== undefined) return decode(bytes, keys, options)
      throw new UnsupportedFormatError('encrypted() has neither `identities` nor a `passphrase` to read with', {
        hint: 'pass encrypted({ identities }) in `codecs`',
      })
    },
  }
}

interface Keys {
  readonly recipients: readonly string[]
  readonly identities: readonly string[]
  readonly passphrase: string | undefined
}

function checkedKeys(options: EncryptedOptions): Keys {
  rejectUnknownOptions('encrypted', options, ['recipients', 'identities', 'passphrase'])
  const recipients = checkedList('recipients', options.recipients, RECIPIENT_PREFIX)
  const identities = checkedList('identities', options.identities, IDENTITY_PREFIX)
  const { passphrase } = options
  if (passphrase !== undefined && (typeof passphrase !== 'string' || passphrase === '')) {
    throw new TypeError('`passphrase` must be a string that is not empty')
  }
  if (recipients.length + identities.length === 0 && passphrase === undefined) {
    throw new TypeError('encrypted() needs `recipients` to write, `identities` to read, or a `passphrase`')
  }
  if (recipients.length > 0 && passphrase !== undefined) {
    throw new TypeError('an age file is for `recipients` or for a `passphrase`, not for both')
  }
  return { recipients, identities, passphrase }
}

/** Keys are never shown: not in errors either. */
function checkedList(name: string, list: readonly string[] | undefined, prefix: string): readonly string[] {
  if (list === undefined) return []
  if (Array.isArray(list) && list.every((key) => typeof key === 'string' && key.startsWith(prefix))) return [...list]
  throw new TypeError(`\`${name}\` must be a list of strings that begin with ${prefix}`)
}

async function* encode(
  bytes: AsyncIterable<Uint8Array>,
  { recipients, passphrase }: Keys,
  { signal, subject = '' }: CodecCallOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { Encrypter } = await ageEncryption()
  const encrypter = new Encrypter()
  if (passphrase !== undefined) encrypter.setPassphrase(passphrase)
  recipients.forEach((recipient, index) => {
    addKey(`recipients[${index}]`, () => encrypter.addRecipient(recipient))
  })
  const open = (source: AsyncIterable<Uint8Array>) =>
    encrypter.encrypt(ReadableStream.from(withSubject(source, subject)))
  yield* throughStream(bytes, open, { signal })
}

async function* decode(
  bytes: AsyncIterable<Uint8Array>,
  { identities, passphrase }: Keys,
  { signal, subject }: CodecCallOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { Decrypter } = await ageEncryption()
  const decrypter = new Decrypter()
  let noneFits = false
  if (passphrase !== undefined) decrypter.addPassphrase(passphrase)
  identities.forEach((identity, index) => {
    addKey(`identities[${index}]`, () => decrypter.addIdentity(identity))
  })
  decrypter.addIdentity({
    // Identities are asked one after the other: when this last one is, none has fitted.
    unwrapFileKey() {
      noneFits = true
      return null
    },
  })
  const open = async (source: AsyncIterable<Uint8Array>) =>
    withoutSubject(await decrypter.decrypt(ReadableStream.from(source)), subject)
  yield* throughStream(bytes, open, { signal, failure: (cause) => (noneFits ? locked(cause) : damaged(cause)) })
}

function addKey(name: string, add: () => void): void {
  try {
    add()
  } catch {
    // Without a cause: the library's message has the key in it.
    throw new TypeError(`\`${name}\` is not a key of age's`)
  }
}

function locked(cause: unknown): UnsupportedFormatError {
  return new UnsupportedFormatError('no identity or passphrase that was given opens this object', {
    hint: 'pass encrypted({ identities }) with a key of one of those whom it was written for in `codecs`',
    cause,
  })
}

function damaged(cause: unknown): ArchiveCorruptError {
  return new ArchiveCorruptError('these bytes are not an intact age file', { cause })
}

async function ageEncryption(): Promise<AgeEncryption> {
  try {
    return await import('age-encryption')
  } catch (cause) {
    throw missingPackage('age-encryption', 'encryption', cause)
  }
}
