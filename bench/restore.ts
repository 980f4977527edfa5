import { startKafka4 } from '../test/services/kafka4.js'
import { printAims } from './aims.js'
import { buildLibrary } from './build-library.js'
import { machine } from './measure.js'
import { type Column, cpuColumn, PEAK_COLUMN, printResults, rateColumns } from './report.js'
import { type Measured, restoreAims } from './restore/aims.js'
import { type ArchivedTopic, archivedTopic } from './restore/archived-topic.js'
import { kafkeep, producerPerfTest } from './restore/candidates.js'
import { DELETE_DELAY_MS } from './restore/target-topic.js'
import { RESTORE_WORKLOADS } from './restore/workloads.js'
import { inTurn } from './rounds.js'
import { workloadsNamed } from './topics/workload.js'

/**
 * Restoring whole topics, beside Kafka's own producer, which writes as many of the same records from memory. Every run
 * is a process of its own and is measured from its start to its end.
 *
 * @param names - Which workloads; none means all.
 */
export async function restoreBench(names: readonly string[]): Promise<void> {
  const workloads = workloadsNamed(RESTORE_WORKLOADS, names)
  await buildLibrary()
  const broker = await startKafka4({ properties: { 'log.segment.delete.delay.ms': String(DELETE_DELAY_MS) } })
  try {
    console.log(machine())
    const measured: Measured[] = []
    for (const workload of workloads) {
      await using topic = await archivedTopic(broker, workload)
      const candidates = workload.hasRival ? [kafkeep(), producerPerfTest()] : [kafkeep()]
      const results = await inTurn(topic, candidates)
      printResults(topic, results, columnsOf(topic))
      measured.push({ topic, results })
    }
    printAims(restoreAims(measured))
  } finally {
    await broker.destroy()
  }
}

/** Where offsets are what takes the time there is next to nothing to write. */
function columnsOf(topic: ArchivedTopic): readonly Column[] {
  if (topic.workload.offsets === 'exact') {
    const seconds: Column = { heading: 'seconds', of: (cost) => cost.seconds }
    return [seconds, { heading: 'CPU s', of: ({ cpuSeconds }) => cpuSeconds }, PEAK_COLUMN]
  }
  const records: Column = { heading: 'records/s', of: ({ seconds }) => topic.records / seconds }
  return [...rateColumns(topic), records, cpuColumn(topic), PEAK_COLUMN]
}
