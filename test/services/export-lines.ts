import type { RunningService } from './running-services.js'
import { S3_CREDENTIALS } from './s3.js'

/** The lines for a shell's `eval` that point clients, tests and the demo at these services. */
export function exportLines(running: readonly RunningService[]): string[] {
  const endpointOf = (name: RunningService['name']) => running.find((service) => service.name === name)?.endpoint
  const kafka4 = endpointOf('kafka4')
  const kafka39 = endpointOf('kafka39')
  const s3 = endpointOf('s3')
  const variables: Record<string, string | undefined> = {
    KAFKA_BROKERS: kafka4 ?? kafka39,
    KAFKA4_BROKERS: kafka4,
    KAFKA39_BROKERS: kafka39,
    KAFKA39_ZOOKEEPER_CONNECT: endpointOf('kafka39-zookeeper'),
    ZOOKEEPER_CONNECT: endpointOf('zookeeper'),
    S3_ENDPOINT: s3,
    AWS_ACCESS_KEY_ID: s3 && S3_CREDENTIALS.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3 && S3_CREDENTIALS.secretAccessKey,
    AWS_REGION: s3 && 'us-east-1',
  }
  return Object.entries(variables).flatMap(([name, value]) => (value === undefined ? [] : [`export ${name}=${value}`]))
}
