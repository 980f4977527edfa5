import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { javaExecutable } from './java.js'
import type { Service } from './service.js'
import { deleteDirectory, watchedDirectory } from './watched-directory.js'

/** Of every key store. */
export const KEY_STORE_PASSWORD = 'only-for-this-test'

/** A key, and the certificate that says whose it is. It has signed that itself: who trusts it trusts the certificate. */
export interface TlsIdentity {
  /** PKCS12 file of the key and its certificate. */
  readonly keyStore: string
  /** PEM file of the certificate alone. */
  readonly certificate: string
}

/** Makes a new identity in `folder`. `named` are keytool's options that name its owner. */
export async function newTlsIdentity(folder: string, alias: string, named: readonly string[]): Promise<TlsIdentity> {
  const keyStore = join(folder, `${alias}.p12`)
  const certificate = join(folder, `${alias}.pem`)
  const store = ['-keystore', keyStore, '-storetype', 'PKCS12', '-storepass', KEY_STORE_PASSWORD, '-alias', alias]
  await keytool(['-genkeypair', '-keyalg', 'EC', '-keysize', '256', '-validity', '2', ...named, ...store])
  await writeFile(certificate, await keytool(['-exportcert', '-rfc', ...store]))
  return { keyStore, certificate }
}

/** Starts a service with a folder for its keys, which is deleted when the service is destroyed. */
export async function withKeys<S extends Service>(start: (keys: string) => Promise<S>): Promise<S> {
  const keys = await watchedDirectory(join(tmpdir(), 'kafkeep-keys-'))
  const service = await start(keys)
  return {
    ...service,
    async destroy() {
      await service.destroy()
      await deleteDirectory(keys)
    },
  }
}

/** What a client of `node:tls` proves to be an identity with. */
export async function proofOf({
  keyStore,
}: TlsIdentity): Promise<{ readonly pfx: Buffer; readonly passphrase: string }> {
  return { pfx: await readFile(keyStore), passphrase: KEY_STORE_PASSWORD }
}

/** Java brings its own tool for keys, which ends before it could become fast. */
async function keytool(args: readonly string[]): Promise<string> {
  const tool = javaExecutable().replace(/java$/, 'keytool')
  return (await promisify(execFile)(tool, ['-J-XX:TieredStopAtLevel=1', ...args])).stdout
}
