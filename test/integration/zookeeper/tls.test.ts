import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { NodeZooKeeperTransport } from 'kafkeep/node-zookeeper-client'
import { createClient } from 'node-zookeeper-client'
import { describe, expect, it, onTestFinished } from 'vitest'
import { javaExecutable } from '../../services/java.js'
import { freePort, LOOPBACK } from '../../services/ports.js'
import { startZooKeeper } from '../../services/zookeeper.js'
import { temporaryFolders } from '../../support/temporary-folders.js'
import { seed } from '../../support/znodes.js'

const PASSWORD = 'only-for-this-test'
const newFolder = temporaryFolders()

/** Java brings its own tool for keys. */
async function keytool(args: readonly string[]): Promise<string> {
  const tool = javaExecutable().replace(/java$/, 'keytool')
  return (await promisify(execFile)(tool, args)).stdout
}

/** A real ZooKeeper that speaks TLS on a port of its own, and whose certificate names it `localhost`. */
async function secureServer() {
  const folder = await newFolder()
  const keyStore = join(folder, 'server.p12')
  const certificate = join(folder, 'server.pem')
  const trustStore = join(folder, 'trusted.p12')
  const secret = ['-storetype', 'PKCS12', '-storepass', PASSWORD, '-alias', 'server']
  const store = ['-keystore', keyStore, ...secret]
  const identity = ['-dname', 'CN=localhost', '-ext', 'SAN=dns:localhost']
  await keytool(['-genkeypair', '-keyalg', 'RSA', '-keysize', '2048', '-validity', '2', ...identity, ...store])
  const ca = await keytool(['-exportcert', '-rfc', ...store])
  await writeFile(certificate, ca)
  // The server does not start to speak TLS without a list of whom it trusts.
  await keytool(['-importcert', '-noprompt', '-file', certificate, '-keystore', trustStore, ...secret])
  const port = await freePort()
  const server = await startZooKeeper({
    properties: {
      serverCnxnFactory: 'org.apache.zookeeper.server.NettyServerCnxnFactory',
      secureClientPort: String(port),
      secureClientPortAddress: LOOPBACK,
      'ssl.keyStore.location': keyStore,
      'ssl.keyStore.type': 'PKCS12',
      'ssl.keyStore.password': PASSWORD,
      'ssl.trustStore.location': trustStore,
      'ssl.trustStore.type': 'PKCS12',
      'ssl.trustStore.password': PASSWORD,
      'ssl.clientAuth': 'none',
    },
  })
  onTestFinished(() => server.destroy())
  return { port, ca, plain: server.connect }
}

describe('NodeZooKeeperTransport with TLS', () => {
  it('talks to a real server, proves identities to it, and believes no certificate of another name or issuer', async () => {
    const { port, ca, plain } = await secureServer()
    const transport = (connect: string, tls: object | undefined, timeoutMs = 30_000) => {
      const auth = [{ scheme: 'digest', credentials: 'ann:secret' }]
      const zookeeper = new NodeZooKeeperTransport({ connect: () => createClient(connect), tls, auth, timeoutMs })
      onTestFinished(() => zookeeper.close())
      return zookeeper
    }
    const secure = transport(`localhost:${port}`, { ca })
    await seed(secure, [{ path: '/own', data: 'kept', acl: [{ permissions: 31, scheme: 'auth', id: '' }] }])
    expect(await secure.read('/own')).toMatchObject({ data: new Uint8Array(Buffer.from('kept')) })
    expect(await transport(`${LOOPBACK}:${port}`, { ca, servername: 'localhost' }).read('/own')).toBeDefined()
    expect(await transport(plain, undefined).read('/own')).toBeDefined()

    await expect(transport(`${LOOPBACK}:${port}`, { ca }, 1_000).read('/own')).rejects.toMatchObject({
      code: 'TRANSPORT_FAILED',
      cause: { code: 'ERR_TLS_CERT_ALTNAME_INVALID' },
    })
    await expect(transport(`localhost:${port}`, {}, 1_000).read('/own')).rejects.toMatchObject({
      cause: { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
    })
    await expect(transport(`localhost:${port}`, undefined, 1_000).read('/own')).rejects.toMatchObject({
      code: 'TRANSPORT_FAILED',
    })
  })

  it('rejects options that are none', () => {
    const connect = () => createClient('localhost:1')
    // @ts-expect-error: not an object
    expect(() => new NodeZooKeeperTransport({ connect, tls: true })).toThrow('`tls` must be an object')
  })
})
