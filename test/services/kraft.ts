import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { KafkaProcess } from './kafka-process.js'
import { runJava } from './run-java.js'

const FORMAT_LIMIT_MS = 60_000

/** Settings of every Kafka 4 server, broker or controller. */
export const KRAFT_SETTINGS = {
  'controller.listener.names': 'CONTROLLER',
  'inter.broker.listener.name': 'PLAINTEXT',
  'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
  // How long the controller refuses a broker that was killed and is started again.
  'broker.session.timeout.ms': '3000',
  'broker.heartbeat.interval.ms': '500',
} as const

/** What makes the folder of a server one of the cluster's, before its first start. */
export function formatOnce(clusterId: string): KafkaProcess['beforeStart'] {
  return async (configurationFile, partitionsDirectory) => {
    if (existsSync(join(partitionsDirectory, 'meta.properties'))) return
    await runJava(
      {
        jars: 'kafka4',
        mainClass: 'kafka.tools.StorageTool',
        args: ['format', '--cluster-id', clusterId, '--config', configurationFile],
        heapMegabytes: 128,
        logs: 'tool',
      },
      { timeoutMs: FORMAT_LIMIT_MS },
    )
  }
}

/** 16 random bytes as Kafka writes ids: base64url, but never with a dash first, which would look like an option. */
export function newClusterId(): string {
  return randomBytes(16).toString('base64url').replace(/^-/, '_')
}
