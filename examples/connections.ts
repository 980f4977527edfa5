// Connections that the examples share, from the environment:
// KAFKA_BROKERS, ZOOKEEPER_CONNECT, BUCKET, PREFIX, S3_ENDPOINT (for stores other than AWS) and the usual AWS_ variables.
import { S3Client } from '@aws-sdk/client-s3'
import { Kafka, logLevel } from 'kafkajs'
import type { KafkeepError } from 'kafkeep'
import { KafkaJsTransport } from 'kafkeep/kafkajs'
import { NodeZooKeeperTransport } from 'kafkeep/node-zookeeper-client'
import { S3Storage } from 'kafkeep/s3'
import { createClient } from 'node-zookeeper-client'

/** `variable` names the brokers, for programs that know two clusters. */
export function kafkaTransport(variable = 'KAFKA_BROKERS'): KafkaJsTransport {
  const brokers = required(variable).split(',')
  return new KafkaJsTransport(new Kafka({ clientId: 'kafkeep-example', brokers, logLevel: logLevel.NOTHING }))
}

export function zookeeperTransport(): NodeZooKeeperTransport {
  const connect = required('ZOOKEEPER_CONNECT')
  return new NodeZooKeeperTransport({ connect: () => createClient(connect) })
}

export function s3Storage(): S3Storage {
  return s3Bucket(required('BUCKET'), { prefix: process.env['PREFIX'] })
}

/** A bucket by its name, or what is below a prefix in it. */
export function s3Bucket(bucket: string, { prefix }: { readonly prefix?: string | undefined } = {}): S3Storage {
  const endpoint = process.env['S3_ENDPOINT']
  const client = new S3Client(endpoint === undefined ? {} : { endpoint, forcePathStyle: true })
  return new S3Storage({ client, bucket, prefix })
}

/** Runs a program; what goes wrong becomes one sentence, a hint, and exit code 1. */
export async function program(run: () => Promise<void>): Promise<void> {
  try {
    await run()
  } catch (error) {
    const { code = 'ERROR', message, hint } = error as Partial<KafkeepError>
    console.error(`${code}: ${message}${hint === undefined ? '' : `\nhint: ${hint}`}`)
    process.exitCode = 1
  }
}

/** What an environment variable says; it must say something. */
export function required(name: string): string {
  const value = process.env[name]
  if (value === undefined || value === '') throw new Error(`set the environment variable ${name}`)
  return value
}

/** A positive number from an environment variable, or `fallback` where it is not set. */
export function numberFrom(name: string, fallback: number): number {
  const value = process.env[name] ?? String(fallback)
  const number = Number(value)
  if (value.trim() !== '' && number > 0 && number < Number.POSITIVE_INFINITY) return number
  throw new Error(`${name} must be a number above 0, got ${value}`)
}
