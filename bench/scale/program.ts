// Resumes an archive that is up to date, and prints what that took: what `npm run bench -- scale` measures, a process of
// its own for each size, so that its memory is.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { MemoryStorage, TopicArchiver } from 'kafkeep'
import { ensureArchive } from '../../src/archive/archive-marker.js'
import { describeTopic } from '../../src/archive/topic-description.js'
import { counted } from './counted.js'
import type { ScaleOutcome } from './scale-outcome.js'
import { SyntheticCluster } from './synthetic-cluster.js'

const [topics = Number.NaN, partitionsPerTopic = Number.NaN, segmentsPerPartition = Number.NaN] = process.argv
  .slice(2)
  .map(Number)

const cluster = new SyntheticCluster({ topics, partitionsPerTopic, segmentsPerPartition })
const kafka = counted(cluster.transport())
const storage = counted(await filledStorage())
setFlagsFromString('--expose-gc')
runInNewContext('gc')()
const archiveBytes = process.memoryUsage.rss()

const cpuBefore = process.cpuUsage()
const startedMs = performance.now()
const { complete, segments } = await new TopicArchiver({ kafka: kafka.proxy, storage: storage.proxy }).run()
const seconds = (performance.now() - startedMs) / 1000
const cpu = process.cpuUsage(cpuBefore)

if (!complete || segments > 0) throw new Error('the archive was not up to date')
const peakBytes = process.resourceUsage().maxRSS * 1024
const outcome: ScaleOutcome = {
  seconds,
  cpuSeconds: (cpu.user + cpu.system) / 1e6,
  archiveBytes,
  ownBytes: peakBytes - archiveBytes,
  kafkaCalls: kafka.calls(),
  storageCalls: storage.calls(),
}
process.stdout.write(JSON.stringify(outcome))

/** A resumed run looks at names only, so the segments have no content. */
async function filledStorage(): Promise<MemoryStorage> {
  const storage = new MemoryStorage()
  const empty = new Uint8Array()
  await ensureArchive(storage, {})
  for (const topic of cluster.topics) {
    const { clusterId } = cluster
    await describeTopic(storage, { ...topic, clusterId, firstSeenMs: 0, partitions: partitionsPerTopic }, {})
    for (const key of cluster.segmentKeys(topic)) await storage.put(key, empty)
  }
  return storage
}
