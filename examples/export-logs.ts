// Writes a topic as log files for a stopped broker: `npx tsx examples/export-logs.ts /var/lib/kafka/data orders`.
// Fills the folders that the broker has of the topic, or of the partitions named behind it: `… orders 1 2`.
// docs/log-directory.md has the steps before and after. CHECKPOINT names the state; the newest is the default.
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { exportLogDirectory } from 'kafkeep'
import { program, s3Storage } from './connections.js'

await program(async () => {
  const [directory, topic, ...named] = process.argv.slice(2)
  if (directory === undefined || topic === undefined) throw new Error("name the broker's log directory, and a topic")
  const partitions = named.length > 0 ? named.map(Number) : await partitionsIn(directory, topic)
  if (partitions.length === 0) throw new Error(`${directory} has no partition of ${topic}: create the topic first`)
  const storage = s3Storage()
  const checkpoint = process.env['CHECKPOINT'] ?? 'latest'
  for (const partition of partitions) {
    const own = join(directory, `${topic}-${partition}`)
    const { files, from, next } = await exportLogDirectory({ storage, topic, partition, directory: own, checkpoint })
    console.log(`${own}: offsets ${from} to ${next}, ${files.length} files`)
  }
})

/** The partitions of which the broker has a folder. */
async function partitionsIn(directory: string, topic: string): Promise<number[]> {
  const numbers = (await readdir(directory))
    .filter((name) => name.startsWith(`${topic}-`))
    .map((name) => name.slice(topic.length + 1))
  return numbers
    .filter((number) => /^\d+$/.test(number))
    .map(Number)
    .sort((a, b) => a - b)
}
