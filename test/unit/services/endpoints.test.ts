import { describe, expect, it } from 'vitest'
import { endpointsFromEnvironment } from '../../services/endpoints.js'

describe('endpointsFromEnvironment', () => {
  it('names nothing where the environment is silent', () => {
    expect(endpointsFromEnvironment({ ZOOKEEPER_CONNECT: '' })).toEqual({})
  })

  it('takes every service that is named', () => {
    const environment = {
      ZOOKEEPER_CONNECT: 'zoo:2181',
      KAFKA39_BROKERS: 'a:1,b:2',
      KAFKA39_ZOOKEEPER_CONNECT: 'zoo:2182/kafka',
      KAFKA4_BROKERS: 'c:3',
      S3_ENDPOINT: 'http://s3',
      AWS_ACCESS_KEY_ID: 'id',
      AWS_SECRET_ACCESS_KEY: 'secret',
    }
    expect(endpointsFromEnvironment(environment)).toEqual({
      zookeeper: { connect: 'zoo:2181' },
      kafka39: { brokers: ['a:1', 'b:2'], zookeeper: 'zoo:2182/kafka' },
      kafka4: { brokers: ['c:3'] },
      s3: { endpoint: 'http://s3', accessKeyId: 'id', secretAccessKey: 'secret' },
    })
  })

  it('takes KAFKA_BROKERS for Kafka 4', () => {
    expect(endpointsFromEnvironment({ KAFKA_BROKERS: 'a:1' })).toEqual({ kafka4: { brokers: ['a:1'] } })
  })

  it('prefers KAFKA4_BROKERS to KAFKA_BROKERS', () => {
    const environment = { KAFKA_BROKERS: 'a:1', KAFKA4_BROKERS: 'b:2' }
    expect(endpointsFromEnvironment(environment)).toEqual({ kafka4: { brokers: ['b:2'] } })
  })

  it('does not take Kafka 3.9 for Kafka 4 where KAFKA_BROKERS repeats it', () => {
    const environment = { KAFKA_BROKERS: 'a:1', KAFKA39_BROKERS: 'a:1', KAFKA39_ZOOKEEPER_CONNECT: 'zoo:2181' }
    expect(Object.keys(endpointsFromEnvironment(environment))).toEqual(['kafka39'])
  })

  it.each([
    [{ KAFKA39_BROKERS: 'a:1' }, 'KAFKA39_BROKERS is set, so KAFKA39_ZOOKEEPER_CONNECT must be too'],
    [{ S3_ENDPOINT: 'http://s3' }, 'S3_ENDPOINT is set, so AWS_ACCESS_KEY_ID must be too'],
    [{ S3_ENDPOINT: 'http://s3', AWS_ACCESS_KEY_ID: 'id' }, 'so AWS_SECRET_ACCESS_KEY must be too'],
  ])('refuses a service named by halves: %o', (environment, sentence) => {
    expect(() => endpointsFromEnvironment(environment)).toThrow(sentence)
  })
})
