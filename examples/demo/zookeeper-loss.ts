import { type Client, createClient } from 'node-zookeeper-client'
import type { Backup } from './archive.js'
import type { Company } from './company.js'
import type { Narrator } from './narrator.js'
import { promised } from './promise.js'
import { consumeAs, RECORDS } from './records.js'

const GROUP = 'billing'
const ALL_RECORDS = RECORDS + 1
const READ_BEFORE = 2_000

/** The second disaster: only ZooKeeper is lost, the broker's disk survives. */
export async function surviveZooKeeperLoss(company: Company, backup: Backup, narrator: Narrator): Promise<void> {
  narrator.chapter('Business goes on, and a second disaster: ZooKeeper alone is lost')
  const first = await narrator.step(`the group ${GROUP} reads ${READ_BEFORE} records and stops`, () =>
    consumeAs(company, GROUP, READ_BEFORE),
  )
  promised(first.length === READ_BEFORE, `${GROUP} has read ${READ_BEFORE} records`)
  const clusterId = await readZnode(company, '/cluster/id')
  await narrator.step('snapshot ZooKeeper to S3', () => backup.snapshotZooKeeper())
  await narrator.step('kill ZooKeeper, wipe its disk; the broker goes down with it', async () => {
    await company.loseZooKeeper()
    await company.killBroker()
  })

  narrator.chapter('The recovery: ZooKeeper first, then the broker on the disk it had')
  await narrator.step('start an empty ZooKeeper', () => company.startEmptyZooKeeper())
  const znodes = await narrator.step('restore ZooKeeper while no broker runs', (bar) => backup.restoreZooKeeper(bar))
  promised(znodes.failed.length === 0, 'every znode is restored')
  const brokers = await readChildren(company, '/brokers/ids')
  promised(brokers.length === 0, 'no ephemeral node of a dead broker comes back')
  promised((await readZnode(company, '/cluster/id')) === clusterId, 'the cluster id comes back')
  narrator.say(`/cluster/id is ${clusterId} again, and /brokers/ids is empty: nothing stands in the broker's way`)
  await narrator.step('start the broker on its old disk', () => company.startBroker())
  const rest = await narrator.step(`${GROUP} goes on where it had committed`, () =>
    consumeAs(company, GROUP, ALL_RECORDS - READ_BEFORE),
  )
  promised(new Set([...first, ...rest]).size === ALL_RECORDS, `${GROUP} has read every record once, none twice`)
  narrator.say(`${GROUP} read the other ${rest.length} records: none twice, none missing`)
}

async function readZnode(company: Company, path: string): Promise<string> {
  return withClient(company, async (client) => {
    const data = await new Promise<Buffer | undefined>((resolve, reject) => {
      client.getData(path, (error, found) => (error ? reject(error) : resolve(found)))
    })
    return data?.toString('utf8') ?? ''
  })
}

async function readChildren(company: Company, path: string): Promise<readonly string[]> {
  return withClient(
    company,
    (client) =>
      new Promise<readonly string[]>((resolve, reject) => {
        client.getChildren(path, (error, names) => (error ? reject(error) : resolve(names)))
      }),
  )
}

async function withClient<T>(company: Company, use: (client: Client) => Promise<T>): Promise<T> {
  const client = createClient(company.zookeeper)
  client.connect()
  try {
    return await use(client)
  } finally {
    client.close()
  }
}
