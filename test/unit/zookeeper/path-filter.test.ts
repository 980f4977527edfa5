import { describe, expect, it } from 'vitest'
import { kafkaTransientZnodes } from '../../../src/zookeeper/kafka-transient-znodes.js'
import { matchesPath, pathFilterOption, pathsOption } from '../../../src/zookeeper/path-filter.js'

describe('matchesPath', () => {
  it('takes a string as that path and everything below it', () => {
    expect(matchesPath(['/a'], '/a')).toBe(true)
    expect(matchesPath(['/a'], '/a/b/c')).toBe(true)
    expect(matchesPath(['/a'], '/ab')).toBe(false)
    expect(matchesPath(['/a/b'], '/a')).toBe(false)
    expect(matchesPath(['/'], '/anything')).toBe(true)
  })

  it('takes a pattern as every path it matches and everything below that', () => {
    expect(matchesPath([/\/job-\d+$/], '/queue/job-7')).toBe(true)
    expect(matchesPath([/\/job-\d+$/], '/queue/job-7/log')).toBe(true)
    expect(matchesPath([/\/job-\d+$/], '/queue')).toBe(false)
  })

  it('selects nothing without an entry', () => {
    expect(matchesPath([], '/a')).toBe(false)
  })
})

describe('pathFilterOption', () => {
  it('makes patterns that remember nothing between two tests', () => {
    const filter = pathFilterOption('exclude', [/^\/a/g], [])
    expect([matchesPath(filter, '/a'), matchesPath(filter, '/a')]).toEqual([true, true])
  })

  it.each([['a'], ['/a/'], ['/a//b'], ['/a/./b'], ['/../a'], [''], [7]])('refuses %s as a path', (path) => {
    expect(() => pathFilterOption('exclude', [path as string], [])).toThrow(TypeError)
    expect(() => pathsOption('paths', [path as string], ['/'])).toThrow(TypeError)
  })
})

describe('kafkaTransientZnodes', () => {
  it.each([
    '/brokers/ids/0',
    '/controller',
    '/migration',
    '/admin/delete_topics/orders',
    '/admin/reassign_partitions',
    '/admin/preferred_replica_election',
    '/config/changes/config_change_0000000007',
    '/kafka-acl-changes/acl_changes_0000000001',
    '/kafka-acl-extended-changes/acl_changes_0000000001',
    '/isr_change_notification/isr_change_0000000001',
    '/log_dir_event_notification/log_dir_event_0000000001',
    '/delegation_token/token_changes/token_change_0000000001',
    '/chroot/of/kafka/admin/delete_topics/orders',
  ])('leaves %s out', (path) => {
    expect(matchesPath(kafkaTransientZnodes, path)).toBe(true)
  })

  it.each([
    '/brokers/ids',
    '/brokers/seqid',
    '/brokers/topics/controller',
    '/brokers/topics/admin',
    '/controller_epoch',
    '/cluster/id',
    '/admin/delete_topics',
    '/config/changes',
    '/config/topics/orders',
    '/delegation_token/tokens/t',
    '/kafka-acl/Topic/orders',
    '/latest_producer_id_block',
  ])('keeps %s', (path) => {
    expect(matchesPath(kafkaTransientZnodes, path)).toBe(false)
  })
})
