import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { MemoryStorage, ZnodeRestorer, ZnodeSnapshotter } from 'kafkeep'
import { NodeZooKeeperTransport } from 'kafkeep/node-zookeeper-client'
import { createClient } from 'node-zookeeper-client'
import { describe, expect, it, onTestFinished } from 'vitest'
import { javaExecutable } from '../../services/java.js'
import { freePort, LOOPBACK } from '../../services/ports.js'
import { startZooKeeper } from '../../services/zookeeper.js'
import { temporaryFolders } from '../../support/temporary-folders.js'
import { seed, transportTo } from '../../support/znodes.js'

const PASSWORD = 'only-for-this-test'
const newFolder = temporaryFolders()

/** Java brings its own tool for keys, which ends before it could become fast. */
async function keytool(args: readonly string[]): Promise<string> {
  const tool = javaExecutable().replace(/java$/, 'keytool')
  return (await promisify(execFile)(tool, ['-J-XX:TieredStopAtLevel=1', ...args])).stdout
}

/** A new key in `folder`, with a certificate that it has signed itself. */
async function newIdentity(folder: string, alias: string, identity: readonly string[]) {
  const keyStore = join(folder, `${alias}.p12`)
  const certificate = join(folder, `${alias}.pem`)
  const store = ['-keystore', keyStore, ...storeOf(alias)]
  await keytool(['-genkeypair', '-keyalg', 'EC', '-keysize', '256', '-validity', '2', ...identity, ...store])
  await writeFile(certificate, await keytool(['-exportcert', '-rfc', ...store]))
  return { keyStore, certificate }
}

function storeOf(alias: string): string[] {
  return ['-storetype', 'PKCS12', '-storepass', PASSWORD, '-alias', alias]
}

/** A real ZooKeeper that speaks TLS on a port of its own, and whose certificate names it `localhost`. */
async function secureServer({ clientAuth }: { readonly clientAuth: 'none' | 'need' }) {
  const folder = await newFolder()
  const trustStore = join(folder, 'trusted.p12')
  const [server, client] = await Promise.all([
    newIdentity(folder, 'server', ['-dname', 'CN=localhost', '-ext', 'SAN=dns:localhost']),
    newIdentity(folder, 'client', ['-dname', 'CN=backup']),
  ])
  // The server does not start to speak TLS without a list of whom it trusts.
  await keytool([
    '-importcert',
    '-noprompt',
    '-file',
    client.certificate,
    '-keystore',
    trustStore,
    ...storeOf('client'),
  ])
  const port = await freePort()
  const service = await startZooKeeper({
    properties: {
      serverCnxnFactory: 'org.apache.zookeeper.server.NettyServerCnxnFactory',
      'authProvider.x509': 'org.apache.zookeeper.server.auth.X509AuthenticationProvider',
      secureClientPort: String(port),
      secureClientPortAddress: LOOPBACK,
      'ssl.keyStore.location': server.keyStore,
      'ssl.keyStore.type': 'PKCS12',
      'ssl.keyStore.password': PASSWORD,
      'ssl.trustStore.location': trustStore,
      'ssl.trustStore.type': 'PKCS12',
      'ssl.trustStore.password': PASSWORD,
      'ssl.clientAuth': clientAuth,
    },
  })
  onTestFinished(() => service.destroy())
  return {
    port,
    ca: await readFile(server.certificate),
    /** The identity that the server trusts. */
    client: { pfx: await readFile(client.keyStore), passphrase: PASSWORD },
    plain: service.connect,
  }
}

describe('NodeZooKeeperTransport with TLS', () => {
  it('talks to a real server, proves identities to it, and believes no certificate of another name or issuer', async () => {
    const { port, ca, plain } = await secureServer({ clientAuth: 'none' })
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

  it('is known by its certificate, to nodes that admit nobody else', async () => {
    const { port, ca, client, plain } = await secureServer({ clientAuth: 'need' })
    const backup = new NodeZooKeeperTransport({
      connect: () => createClient(`localhost:${port}`),
      tls: { ca, ...client },
    })
    onTestFinished(() => backup.close())
    // It admits nobody to create nodes below: the restore must keep it for its own identity until they are there.
    const acl = [{ permissions: 25, scheme: 'x509', id: 'CN=backup' }]
    await seed(backup, [{ path: '/own', data: 'kept' }, { path: '/own/below' }])
    await backup.setAcl('/own', acl)
    const storage = new MemoryStorage()
    await new ZnodeSnapshotter({ zookeeper: backup, storage }).run({ roots: ['/own'] })
    await backup.commit(['/own/below', '/own'].map((path) => ({ type: 'delete', path, version: -1 }) as const))
    expect(await new ZnodeRestorer({ zookeeper: backup, storage }).run()).toMatchObject({ created: 2, failed: [] })
    expect(await backup.read('/own')).toMatchObject({ data: new Uint8Array(Buffer.from('kept')), acl })
    await expect(transportTo(plain).read('/own')).rejects.toMatchObject({ reason: 'NO_AUTH' })

    const nobody = new NodeZooKeeperTransport({
      connect: () => createClient(`localhost:${port}`),
      tls: { ca },
      timeoutMs: 1_000,
    })
    onTestFinished(() => nobody.close())
    await expect(nobody.read('/own')).rejects.toMatchObject({
      code: 'TRANSPORT_FAILED',
      hint: expect.stringContaining('a certificate'),
    })
  })

  it('rejects options that are none', () => {
    const connect = () => createClient('localhost:1')
    // @ts-expect-error: not an object
    expect(() => new NodeZooKeeperTransport({ connect, tls: true })).toThrow('`tls` must be an object')
  })
})
