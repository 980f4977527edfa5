import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ArchiveStorage, SegmentInfo } from 'kafkeep'
import { kafkaTool } from '../services/kafka-tool.js'
import type { KafkaVersion } from './kafka.js'

/** What Kafka's own `kafka-dump-log` says of an archived segment, copied to the name that a broker would give it. */
export async function dumpLog(version: KafkaVersion, storage: ArchiveStorage, segment: SegmentInfo): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'kafkeep-dump-'))
  try {
    const chunks: Uint8Array[] = []
    for await (const chunk of storage.get(segment.key)) chunks.push(chunk)
    const file = join(directory, `${String(segment.from).padStart(20, '0')}.log`)
    await writeFile(file, Buffer.concat(chunks))
    const { stdout } = await kafkaTool(version, 'dump-log', ['--files', file, '--print-data-log'])
    return stdout
  } finally {
    await rm(directory, { recursive: true })
  }
}
