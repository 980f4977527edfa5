import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './ports.js'
import { startS3 } from './s3.js'
import type { S3Service } from './service.js'
import { KEY_STORE_PASSWORD, newTlsIdentity } from './tls-identity.js'
import { deleteDirectory, watchedDirectory } from './watched-directory.js'

/** An S3 server that is reached through TLS. */
interface SecuredS3 extends S3Service {
  /** The certificate that it has. */
  readonly ca: Buffer
}

/** {@link startS3} with an endpoint that speaks TLS. */
export async function startSecuredS3(): Promise<SecuredS3> {
  const keys = await watchedDirectory(join(tmpdir(), 'kafkeep-keys-'))
  const { keyStore, certificate } = await newTlsIdentity(keys, 's3', ['-dname', 'CN=s3', '-ext', 'SAN=dns:localhost'])
  const endpoint = `https://localhost:${await freePort()}`
  const properties = {
    's3proxy.secure-endpoint': endpoint,
    's3proxy.keystore-path': keyStore,
    's3proxy.keystore-password': KEY_STORE_PASSWORD,
  }
  const service = await startS3({ properties })
  return {
    ...service,
    endpoint,
    ca: await readFile(certificate),
    async destroy() {
      await service.destroy()
      await deleteDirectory(keys)
    },
  }
}
