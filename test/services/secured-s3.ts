import { readFile } from 'node:fs/promises'
import { freePort } from './ports.js'
import { startS3 } from './s3.js'
import type { S3Service } from './service.js'
import { KEY_STORE_PASSWORD, newTlsIdentity, withKeys } from './tls-identity.js'

/** An S3 server that is reached through TLS. */
interface SecuredS3 extends S3Service {
  /** The certificate that it has. */
  readonly ca: Buffer
}

/** {@link startS3} with an endpoint that speaks TLS. */
export function startSecuredS3(): Promise<SecuredS3> {
  return withKeys(async (keys) => {
    const { keyStore, certificate } = await newTlsIdentity(keys, 's3', ['-dname', 'CN=s3', '-ext', 'SAN=dns:localhost'])
    const endpoint = `https://localhost:${await freePort()}`
    const properties = {
      's3proxy.secure-endpoint': endpoint,
      's3proxy.keystore-path': keyStore,
      's3proxy.keystore-password': KEY_STORE_PASSWORD,
    }
    return { ...(await startS3({ properties })), endpoint, ca: await readFile(certificate) }
  })
}
