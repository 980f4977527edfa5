// Reads or creates so many znodes one call after the other, as Burry does, and ends. Keeps nothing. Prints how many it
// has read or created.
import { promisify } from 'node:util'
import nodeZooKeeperClient from 'node-zookeeper-client'

const { connect, doing, nodes } = JSON.parse(process.argv[2] ?? '{}')

const client = nodeZooKeeperClient.createClient(connect)
const call = (name) => promisify(client[name]).bind(client)

/** Two calls a node. */
async function read() {
  const [getChildren, getData] = ['getChildren', 'getData'].map(call)
  const pending = ['/']
  let done = 0
  for (let path = pending.pop(); path !== undefined && done < nodes; path = pending.pop()) {
    for (const name of await getChildren(path)) pending.push(path === '/' ? `/${name}` : `${path}/${name}`)
    await getData(path)
    done += 1
  }
  return done
}

/** Three calls a node. */
async function create() {
  const [exists, createNode] = ['exists', 'create'].map(call)
  const data = Buffer.alloc(100, 'x')
  await createNode('/', data)
  let done = 0
  for (; done < nodes; done += 1) {
    const path = `/node-${String(done).padStart(6, '0')}`
    if ((await exists(path)) === null) await createNode(path, data)
    await exists(path)
  }
  return done
}

await new Promise((resolve) => {
  client.once('connected', resolve)
  client.connect()
})
process.stdout.write(JSON.stringify({ done: await (doing === 'read' ? read() : create()) }))
client.close()
