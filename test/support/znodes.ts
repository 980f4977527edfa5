import { randomUUID } from 'node:crypto'
import { promisify } from 'node:util'
import { NodeZooKeeperTransport, type ZooKeeperAuth } from 'kafkeep/node-zookeeper-client'
import { type Client, CreateMode, createClient } from 'node-zookeeper-client'
import { onTestFinished } from 'vitest'
import { OPEN_ACL } from '../../src/zookeeper/acl.js'
import type { ZooKeeperTransport } from '../../src/zookeeper/transport.js'
import type { Acl } from '../../src/zookeeper/znode.js'

/** A node for {@link seed}: its path, its data (none where left out) and its ACL (open where left out). */
export interface SeededNode {
  readonly path: string
  readonly data?: string | Uint8Array
  readonly acl?: readonly Acl[]
}

/** A transport that is closed when the test ends. */
export function transportTo(
  connect: string,
  options: { readonly auth?: readonly ZooKeeperAuth[]; readonly timeoutMs?: number } = {},
): NodeZooKeeperTransport {
  const transport = new NodeZooKeeperTransport({ connect: () => createClient(connect), ...options })
  onTestFinished(() => transport.close())
  return transport
}

/** Connect string of a chroot of the test's own, which exists. */
export async function ownChroot(connect: string): Promise<string> {
  const name = `/kafkeep-${randomUUID()}`
  const transport = transportTo(connect)
  await seed(transport, [{ path: name }])
  return `${connect}${name}`
}

/** Creates nodes, parents first. */
export async function seed(transport: ZooKeeperTransport, nodes: readonly SeededNode[]): Promise<void> {
  for (const { path, data, acl = OPEN_ACL } of nodes) {
    const bytes = data === undefined ? null : Buffer.from(data)
    const outcome = await transport.commit([{ type: 'create', path, data: bytes, acl }])
    if (!outcome.committed) throw new Error(`${path} could not be created: ${outcome.reason}`)
  }
}

/** A client of its own, for what the transport does not do: nodes of a session, sequential nodes. */
export async function sessionAt(connect: string) {
  const client: Client = createClient(connect)
  onTestFinished(() => client.close())
  await new Promise<void>((resolve) => {
    client.once('connected', resolve)
    client.connect()
  })
  const create = promisify(client.create).bind(client)
  return {
    createEphemeral: (path: string) => create(path, Buffer.from('session'), CreateMode.EPHEMERAL),
    createSequential: (path: string) => create(path, Buffer.from(''), CreateMode.PERSISTENT_SEQUENTIAL),
    set: promisify(client.setData).bind(client),
    end: () =>
      new Promise<void>((resolve) => {
        client.once('disconnected', resolve)
        client.close()
      }),
  }
}

/** `transport` with one method replaced. */
export function intercepted<Method extends keyof ZooKeeperTransport>(
  transport: ZooKeeperTransport,
  method: Method,
  replacement: ZooKeeperTransport[Method],
): ZooKeeperTransport {
  return new Proxy(transport, {
    get(target, name) {
      if (name === method) return replacement
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
