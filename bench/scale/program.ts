// Resumes an archive that is up to date, and prints what that took: what `npm run bench -- scale` measures, a process of
// its own for each size, so that its memory is.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type ArchiveStorage, type ArchiveSummary, MemoryStorage, TopicArchiver } from 'kafkeep'
import { ensureArchive } from '../../src/archive/archive-marker.js'
import { CHECKPOINTS_PREFIX } from '../../src/archive/names.js'
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
const collectGarbage: () => void = runInNewContext('gc')
collectGarbage()
const archiveBytes = process.memoryUsage().heapUsed
let retainedBytes = 0

const cpuBefore = process.cpuUsage()
const startedMs = performance.now()
const { complete, segments } = await archive()
const seconds = (performance.now() - startedMs) / 1000
const cpu = process.cpuUsage(cpuBefore)

if (!complete || segments > 0) throw new Error('the archive was not up to date')
const outcome: ScaleOutcome = {
  seconds,
  cpuSeconds: (cpu.user + cpu.system) / 1e6,
  retainedBytes,
  kafkaCalls: kafka.calls(),
  storageCalls: storage.calls(),
}
process.stdout.write(JSON.stringify(outcome))

/** Runs to the end. Right before the checkpoint is stored the run holds all that it ever keeps. */
async function archive(): Promise<ArchiveSummary> {
  const { proxy } = storage
  const put: ArchiveStorage['put'] = (key, body, options) => {
    if (key.startsWith(CHECKPOINTS_PREFIX)) {
      collectGarbage()
      retainedBytes = process.memoryUsage().heapUsed - archiveBytes
    }
    return proxy.put(key, body, options)
  }
  const watched = new Proxy(proxy, { get: (_, name) => (name === 'put' ? put : Reflect.get(proxy, name)) })
  return new TopicArchiver({ kafka: kafka.proxy, storage: watched }).run()
}

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
