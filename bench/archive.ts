import { startKafka4 } from '../test/services/kafka4.js'
import type { Service } from '../test/services/service.js'
import { startVersitygw } from '../test/services/versitygw.js'
import { versitygwObstacle } from '../test/services/versitygw-program.js'
import { printAims } from './aims.js'
import { archiveAims, type Measured } from './archive/aims.js'
import type { ArchiveCandidate } from './archive/candidate.js'
import { kafkeepToFiles, kafkeepToS3 } from './archive/kafkeep.js'
import { consumerPerfTest, kcatIfInstalled } from './archive/rivals.js'
import { ARCHIVE_WORKLOADS } from './archive/workloads.js'
import { buildLibrary } from './build-library.js'
import { asAdmin, transportOf } from './cluster.js'
import { machine } from './measure.js'
import { cpuColumn, leaveOut, PEAK_COLUMN, printResults, rateColumns } from './report.js'
import { inTurn } from './rounds.js'
import { tell } from './tell.js'
import { type FilledTopic, fillTopic } from './topics/fill-topic.js'
import { type Workload, workloadsNamed } from './topics/workload.js'

/**
 * Archiving whole topics, beside kcat and Kafka's own consumer, which only read them. Every run is a process of its own
 * and is measured from its start to its end.
 *
 * @param names - Which workloads; none means all.
 */
export async function archiveBench(names: readonly string[]): Promise<void> {
  const workloads = workloadsNamed(ARCHIVE_WORKLOADS, names)
  await buildLibrary()
  const services: Service[] = []
  try {
    const broker = await startKafka4()
    services.push(broker)
    console.log(machine())
    const candidates: ArchiveCandidate[] = [kafkeepToFiles()]
    const obstacle = await versitygwObstacle()
    if (obstacle === undefined) {
      const s3 = await startVersitygw()
      services.push(s3)
      candidates.push(await kafkeepToS3(s3))
    } else leaveOut('kafkeep to S3', obstacle)
    candidates.push(...(await kcatIfInstalled()), consumerPerfTest())
    const measured: Measured[] = []
    for (const workload of workloads) {
      const topic = await filledTopic(broker.brokers, workload)
      const results = await inTurn(topic, candidates, { clearUp: () => removeGroups(broker.brokers) })
      printResults(topic, results, [...rateColumns(topic), cpuColumn(topic), PEAK_COLUMN])
      measured.push({ topic, results })
    }
    printAims(measured.flatMap(archiveAims))
  } finally {
    for (const service of services) await service.destroy()
  }
}

async function filledTopic(brokers: readonly string[], workload: Workload): Promise<FilledTopic> {
  tell(`filling topic ${workload.name}`)
  await using kafka = transportOf(brokers)
  return await fillTopic(kafka, brokers.join(','), workload)
}

/** Else every run would find, and kafkeep archive, what the groups of earlier runs have committed. */
function removeGroups(brokers: readonly string[]): Promise<void> {
  return asAdmin(brokers, async (admin) => {
    const { groups } = await admin.listGroups()
    await admin.deleteGroups(groups.map(({ groupId }) => groupId))
  })
}
