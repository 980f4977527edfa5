import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'
import {
  type ArchiveStorage,
  kafkaTransientZnodes,
  TopicArchiver,
  TopicRestorer,
  ZnodeRestorer,
  ZnodeSnapshotter,
} from 'kafkeep'
import { KafkaJsTransport } from 'kafkeep/kafkajs'
import { NodeZooKeeperTransport } from 'kafkeep/node-zookeeper-client'
import { S3Storage } from 'kafkeep/s3'
import { createClient } from 'node-zookeeper-client'
import type { Company } from './company.js'
import type { ProgressBar } from './narrator.js'

const BUCKET = 'disaster-recovery'

/** The bucket that survives. */
export class Backup {
  readonly storage: ArchiveStorage
  readonly #company: Company
  readonly #client: S3Client

  private constructor(company: Company, client: S3Client) {
    this.#company = company
    this.#client = client
    this.storage = new S3Storage({ client, bucket: BUCKET, prefix: 'prod' })
  }

  static async create(company: Company): Promise<Backup> {
    const { endpoint, accessKeyId, secretAccessKey } = company.s3
    const credentials = { accessKeyId, secretAccessKey }
    const client = new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials })
    await client.send(new CreateBucketCommand({ Bucket: BUCKET }))
    return new Backup(company, client)
  }

  async archiveTopics(bar: ProgressBar) {
    await using kafka = new KafkaJsTransport(this.#company.client())
    const archiver = new TopicArchiver({ kafka, storage: this.storage })
    return await archiver.run({
      onProgress: ({ doneRecords, lagRecords = 0n }) => bar.show(doneRecords, doneRecords + lagRecords),
    })
  }

  async snapshotZooKeeper() {
    await using zookeeper = this.#zookeeper()
    return await new ZnodeSnapshotter({ zookeeper, storage: this.storage }).run()
  }

  async restoreZooKeeper(bar: ProgressBar) {
    await using zookeeper = this.#zookeeper()
    return await new ZnodeRestorer({ zookeeper, storage: this.storage }).run({
      exclude: kafkaTransientZnodes,
      onProgress: ({ doneRecords, totalRecords = 0n }) => bar.show(doneRecords, totalRecords),
    })
  }

  async restoreTopics(topics: readonly string[], bar: ProgressBar) {
    await using kafka = new KafkaJsTransport(this.#company.client())
    return await new TopicRestorer({ kafka, storage: this.storage }).run({
      topics,
      onProgress: ({ doneRecords, totalRecords = 0n }) => bar.show(doneRecords, totalRecords),
    })
  }

  /** What lies in the bucket, with sizes. */
  async listing(): Promise<string> {
    const lines: string[] = []
    for await (const { key, sizeBytes } of this.storage.list('')) lines.push(`${String(sizeBytes).padStart(8)}  ${key}`)
    return lines.join('\n')
  }

  close(): void {
    this.#client.destroy()
  }

  #zookeeper(): NodeZooKeeperTransport {
    return new NodeZooKeeperTransport({ connect: () => createClient(this.#company.zookeeper) })
  }
}
