import type { Backup } from './archive.js'
import type { Company } from './company.js'
import type { Narrator } from './narrator.js'
import { promised } from './promise.js'
import { produceOrders, RECORDS, readWithConsole, TOPIC } from './records.js'

const PARTITIONS = 3
const ALL_RECORDS = RECORDS + 1
const ARCHIVER_GROUP = 'kafkeep'

/** The first disaster: every machine is lost, and only the bucket is left. */
export async function surviveTotalLoss(company: Company, backup: Backup, narrator: Narrator): Promise<void> {
  narrator.chapter(`Business as usual: ${TOPIC} fills`)
  await narrator.step(`create ${TOPIC} and say hello world with Kafka's console producer`, async () => {
    const topic = ['--topic', TOPIC, '--partitions', String(PARTITIONS), '--replication-factor', '1']
    await company.tool('topics', ['--create', ...topic])
    await company.tool('console-producer', ['--topic', TOPIC], 'hello world\n')
  })
  await narrator.step(`produce ${RECORDS} orders with keys and headers`, (bar) =>
    produceOrders(company.client(), (records) => bar.show(BigInt(records), BigInt(RECORDS))),
  )
  const before = await narrator.step('note every record as the console consumer shows it', () =>
    readWithConsole(company, ALL_RECORDS),
  )
  promised(before.length === ALL_RECORDS, `the console consumer shows ${ALL_RECORDS} records before the disaster`)

  narrator.chapter('The backup')
  const archived = await narrator.step('archive the topics to S3', (bar) => backup.archiveTopics(bar))
  promised(archived.complete, 'the archive is complete')
  await showLag(company, narrator)
  const snapshot = await narrator.step('snapshot ZooKeeper to S3', () => backup.snapshotZooKeeper())
  narrator.say(
    `${snapshot.nodes} znodes, ${snapshot.ephemerals} of them ephemeral, consistency: ${snapshot.consistency}`,
  )

  narrator.chapter('The disaster: kill -9 for every server, and every disk is wiped')
  await narrator.step('lose the broker and ZooKeeper', async () => {
    await company.loseBroker()
    await company.loseZooKeeper()
  })

  narrator.chapter('The recovery, onto empty machines')
  await narrator.step('start an empty ZooKeeper', () => company.startEmptyZooKeeper())
  const znodes = await narrator.step('restore ZooKeeper', (bar) => backup.restoreZooKeeper(bar))
  narrator.say(
    `${znodes.created} znodes created, ${znodes.skipped.length} left out: ephemeral, or for Kafka to make anew`,
  )
  promised(znodes.failed.length === 0, 'every znode is restored')
  await narrator.step('start a broker on an empty disk', () => company.startBroker())
  const restored = await narrator.step(`restore ${TOPIC}, which the broker has as an empty topic`, (bar) =>
    backup.restoreTopics([TOPIC], bar),
  )
  promised(restored.complete && restored.records === BigInt(ALL_RECORDS), `${ALL_RECORDS} records are restored`)
  const after = await narrator.step('read everything with the console consumer again', () =>
    readWithConsole(company, ALL_RECORDS),
  )
  const same = after.length === before.length && after.every((line, index) => line === before[index])
  promised(same, 'every record is as before: partition, offset, timestamp, headers, key, value')
  const hello = after.find((line) => line.endsWith('hello world'))
  promised(hello !== undefined, 'the console consumer prints hello world')
  narrator.say(
    `all ${after.length} records are as they were, offset for offset, and the console consumer prints:\n${hello}`,
  )
}

async function showLag(company: Company, narrator: Narrator): Promise<void> {
  const table = await company.tool('consumer-groups', ['--describe', '--group', ARCHIVER_GROUP])
  narrator.say(table.trim())
  const lags = table
    .split('\n')
    .filter((line) => line.startsWith(ARCHIVER_GROUP))
    .map((line) => line.split(/\s+/)[5])
  promised(lags.length >= PARTITIONS && lags.every((lag) => lag === '0'), 'kafka-consumer-groups shows lag 0')
}
