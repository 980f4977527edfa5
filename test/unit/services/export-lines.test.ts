import { describe, expect, it } from 'vitest'
import { exportLines } from '../../services/export-lines.js'
import type { RunningService } from '../../services/running-services.js'

function running(name: RunningService['name'], endpoint: string): RunningService {
  return { name, endpoint, pid: 1, dataDirectory: '/data', logFile: '/data/log' }
}

const KAFKA39 = [running('kafka39-zookeeper', 'z:1'), running('kafka39', 'a:1')]
const KAFKA4 = running('kafka4', 'b:1')

describe('exportLines', () => {
  it('prints nothing for nothing', () => {
    expect(exportLines([])).toEqual([])
  })

  it('prints both Kafkas under their own names, and Kafka 4 as the one to use', () => {
    expect(exportLines([...KAFKA39, KAFKA4])).toEqual([
      'export KAFKA_BROKERS=b:1',
      'export KAFKA4_BROKERS=b:1',
      'export KAFKA39_BROKERS=a:1',
      'export KAFKA39_ZOOKEEPER_CONNECT=z:1',
    ])
  })

  it('prints Kafka 3.9 as the one to use where it is alone', () => {
    expect(exportLines(KAFKA39)[0]).toBe('export KAFKA_BROKERS=a:1')
  })

  it('prints everything that an S3 client needs', () => {
    expect(exportLines([running('zookeeper', 'z:2'), running('s3', 'http://s')])).toEqual([
      'export ZOOKEEPER_CONNECT=z:2',
      'export S3_ENDPOINT=http://s',
      'export AWS_ACCESS_KEY_ID=kafkeep',
      'export AWS_SECRET_ACCESS_KEY=kafkeep-test-secret',
      'export AWS_REGION=us-east-1',
    ])
  })
})
