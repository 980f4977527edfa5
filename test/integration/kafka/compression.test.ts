import { MemoryStorage, TopicArchive, TopicArchiver, TopicRestorer } from 'kafkeep'
import { describe, expect, it } from 'vitest'
import { kafkaTool } from '../../services/kafka-tool.js'
import { dumpLog } from '../../support/dump-log.js'
import { KafkaBench } from '../../support/kafka.js'

describe.each(['gzip', 'snappy', 'lz4', 'zstd'])(
  'batches that Kafka’s own producer compressed with %s',
  (compression) => {
    it('are decoded where somebody asks for records, and written anew where the log begins inside one', async () => {
      const bench = new KafkaBench('kafka4')
      const topic = await bench.createTopic()
      const lines = Array.from({ length: 200 }, (_, index) => `line ${index} ${'x'.repeat(index)}`)
      await kafkaTool(
        'kafka4',
        'console-producer',
        [
          ...['--bootstrap-server', bench.brokers.join(','), '--topic', topic, '--compression-codec', compression],
          // Long and large enough for all lines to be one batch.
          ...['--producer-property', 'linger.ms=2000', '--producer-property', 'batch.size=1048576'],
        ],
        { input: `${lines.join('\n')}\n` },
      )
      await bench.deleteRecords(topic, 50n)
      const storage = new MemoryStorage()
      await using kafka = bench.transport()
      await new TopicArchiver({ kafka, storage }).run({ topics: [topic] })
      const archive = new TopicArchive({ storage })
      const found: unknown[] = []
      for await (const batch of archive.batches({ topic, partition: 0 }))
        found.push([batch.compression, batch.recordCount])
      expect(found).toEqual([[compression, 200]])
      const values: string[] = []
      for await (const { value } of archive.records({ topic, partition: 0 }))
        values.push(Buffer.from(value ?? []).toString())
      expect(values).toEqual(lines.slice(50))

      const target = `${topic}-restored`
      await new TopicRestorer({ kafka, storage }).run({ topics: [topic], rename: () => target })
      expect(await bench.shown(target, 150)).toEqual(lines.slice(50))
      const copy = new MemoryStorage()
      await new TopicArchiver({ kafka, storage: copy, groupId: `reader-${target}` }).run({ topics: [target] })
      for await (const segment of new TopicArchive({ storage: copy }).segments({ topic: target, partition: 0 })) {
        const dump = await dumpLog('kafka4', copy, segment)
        expect(dump).toContain(`compresscodec: ${compression}`)
        expect(dump.match(/isvalid: true/g)).toHaveLength(1)
        expect(dump.match(/payload: line \d+/g)).toHaveLength(150)
      }
    })
  },
)
