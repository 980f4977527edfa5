import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import kafkajs from 'kafkajs'
import { KafkaJsTransport } from 'kafkeep/kafkajs'
import { startKafka4 } from '../test/services/kafka4.js'
import type { Service } from '../test/services/service.js'
import { startVersitygw } from '../test/services/versitygw.js'
import { versitygwObstacle } from '../test/services/versitygw-program.js'
import { type Measured, printAims } from './archive/aims.js'
import type { Candidate } from './archive/candidate.js'
import { type FilledTopic, fillTopic } from './archive/fill-topic.js'
import { kafkeepToFiles, kafkeepToS3 } from './archive/kafkeep.js'
import { printResults } from './archive/report.js'
import { consumerPerfTest, hasKcat, kcat } from './archive/rivals.js'
import { type Workload, workloadsNamed } from './archive/workloads.js'
import { machine } from './measure.js'
import type { ProcessCost } from './timed-process.js'

const ROUNDS = 3

const run = promisify(execFile)

/**
 * Archiving whole topics, beside kcat and Kafka's own consumer, which only read them. Every run is a process of its own
 * and is measured from its start to its end.
 *
 * @param names - Which workloads; none means all.
 */
export async function archiveBench(names: readonly string[]): Promise<void> {
  const workloads = workloadsNamed(names)
  tell('building the library')
  await run('npm', ['run', 'build'])
  const services: Service[] = []
  try {
    const broker = await startKafka4()
    services.push(broker)
    console.log(machine())
    const candidates: Candidate[] = [kafkeepToFiles()]
    const obstacle = await versitygwObstacle()
    if (obstacle === undefined) {
      const s3 = await startVersitygw()
      services.push(s3)
      candidates.push(await kafkeepToS3(s3))
    } else leaveOut('kafkeep to S3', obstacle)
    if (await hasKcat()) candidates.push(kcat())
    else leaveOut('kcat', 'install it (Debian: `apt-get install -y kcat`; macOS: `brew install kcat`)')
    candidates.push(consumerPerfTest())
    const measured: Measured[] = []
    for (const workload of workloads) {
      const topic = await filledTopic(broker.brokers, workload)
      const results = await inTurn(topic, candidates)
      printResults(topic, results)
      measured.push({ topic, results })
    }
    printAims(measured)
  } finally {
    for (const service of services) await service.destroy()
  }
}

async function filledTopic(brokers: string[], workload: Workload): Promise<FilledTopic> {
  tell(`filling topic ${workload.name}`)
  await using kafka = new KafkaJsTransport(clientOf(brokers))
  return await fillTopic(kafka, brokers.join(','), workload)
}

/** Every candidate in every round, so that a noisy machine is noisy for all of them. */
async function inTurn(topic: FilledTopic, candidates: readonly Candidate[]): Promise<Measured['results']> {
  const costs = candidates.map((): ProcessCost[] => [])
  for (let round = 1; round <= ROUNDS; round++) {
    for (const [index, candidate] of candidates.entries()) {
      // What is still to be written of what was before is nobody's cost.
      await run('sync')
      const cost = await candidate.run(topic)
      costs[index]?.push(cost)
      tell(`${topic.topic}, round ${round}, ${candidate.name}: ${cost.seconds.toFixed(2)} s`)
      await removeGroups(topic.brokers.split(','))
    }
  }
  return candidates.map(({ id, name }, index) => ({ id, name, rounds: costs[index] ?? [] }))
}

/** Else every run would find, and kafkeep archive, what the groups of earlier runs have committed. */
async function removeGroups(brokers: string[]): Promise<void> {
  const admin = clientOf(brokers).admin()
  await admin.connect()
  try {
    const { groups } = await admin.listGroups()
    await admin.deleteGroups(groups.map(({ groupId }) => groupId))
  } finally {
    await admin.disconnect()
  }
}

function clientOf(brokers: string[]): kafkajs.Kafka {
  return new kafkajs.Kafka({ clientId: 'kafkeep-bench', brokers, logLevel: kafkajs.logLevel.ERROR })
}

/** Nobody is to take a shorter table for the whole one. */
function leaveOut(name: string, why: string): void {
  console.log(`\n${name} is left out: ${why}.`)
}

/** What is going on is no part of the results. */
function tell(sentence: string): void {
  process.stderr.write(`${sentence}\n`)
}
