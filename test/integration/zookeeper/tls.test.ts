import { readFile } from 'node:fs/promises'
import { MemoryStorage, ZnodeRestorer, ZnodeSnapshotter } from 'kafkeep'
import { NodeZooKeeperTransport } from 'kafkeep/node-zookeeper-client'
import { createClient } from 'node-zookeeper-client'
import { describe, expect, it, onTestFinished } from 'vitest'
import { freePort, LOOPBACK } from '../../services/ports.js'
import { KEY_STORE_PASSWORD, newTlsIdentity, proofOf } from '../../services/tls-identity.js'
import { startZooKeeper } from '../../services/zookeeper.js'
import { temporaryFolders } from '../../support/temporary-folders.js'
import { seed, transportTo } from '../../support/znodes.js'

const newFolder = temporaryFolders()

/** A real ZooKeeper that speaks TLS on a port of its own, and whose certificate names it `localhost`. */
async function secureServer({ clientAuth }: { readonly clientAuth: 'none' | 'need' }) {
  const folder = await newFolder()
  const [server, client] = await Promise.all([
    newTlsIdentity(folder, 'server', ['-dname', 'CN=localhost', '-ext', 'SAN=dns:localhost']),
    newTlsIdentity(folder, 'client', ['-dname', 'CN=backup']),
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
      'ssl.keyStore.password': KEY_STORE_PASSWORD,
      // The server does not start to speak TLS without a list of whom it trusts.
      'ssl.trustStore.location': client.certificate,
      'ssl.trustStore.type': 'PEM',
      'ssl.clientAuth': clientAuth,
    },
  })
  onTestFinished(() => service.destroy())
  return {
    port,
    ca: await readFile(server.certificate),
    /** The identity that the server trusts. */
    client: await proofOf(client),
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
