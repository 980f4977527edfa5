import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  type ConfigsBeforeHold,
  configsBeforeHold,
  holdConfigs,
  type RestoredExtent,
  releaseConfigs,
} from '../../../src/restore/held-configs.js'
import { TopicConfigsModel } from '../../support/topic-configs-model.js'

const NOW = 1_800_000_000_000
const HOUR = 3_600_000
const YEARS_OLD: RestoredExtent = { oldestMs: 1_000_000_000_000n, largestBytes: 5_000n }
const YOUNG: RestoredExtent = { oldestMs: BigInt(NOW - 1_000), largestBytes: 5_000n }

describe('the configs of a topic that is restored', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: NOW })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('let nothing be deleted, compacted, recompressed, refused or dated anew, and come back all at once', async () => {
    const own = { 'cleanup.policy': 'compact', 'compression.type': 'zstd', 'message.timestamp.type': 'LogAppendTime' }
    const model = new TopicConfigsModel({ ...own, 'segment.ms': '1000' })
    const before = await held(model)
    expect(model.effective).toMatchObject({
      'cleanup.policy': 'delete',
      'compression.type': 'producer',
      'max.message.bytes': '2147483647',
      'message.timestamp.after.max.ms': '9223372036854775807',
      'message.timestamp.type': 'CreateTime',
      'retention.ms': '-1',
      'segment.ms': '1000',
    })
    expect(model.own.has('message.timestamp.difference.max.ms')).toBe(false) // Kafka 4 knows it no more
    const { held: stays } = await release(model, before, YEARS_OLD)
    expect(stays).toEqual({})
    expect(Object.fromEntries(model.own)).toEqual({ ...own, 'segment.ms': '1000' })
    expect(model.changes).toHaveLength(2)
  })

  it.each([
    ['its own retention would delete by age', { 'retention.ms': `${HOUR}` }, YEARS_OLD, { 'retention.ms': '-1' }],
    ['the broker’s retention would delete by age', {}, YEARS_OLD, { 'retention.ms': '-1' }],
    [
      'its retention would delete by size',
      { 'retention.bytes': '4999', 'retention.ms': '-1' },
      YEARS_OLD,
      { 'retention.bytes': '-1' },
    ],
    [
      'both would',
      { 'retention.bytes': '0', 'cleanup.policy': 'compact, delete' },
      YEARS_OLD,
      { 'retention.ms': '-1', 'retention.bytes': '-1' },
    ],
    ['the records are young and few enough', { 'retention.bytes': '5000' }, YOUNG, {}],
    ['nothing deletes, but compaction', { 'cleanup.policy': 'compact', 'retention.bytes': '0' }, YEARS_OLD, {}],
    ['the times are not known', { 'retention.ms': `${HOUR}` }, { ...YOUNG, oldestMs: -1n }, {}],
  ])('stay as held as they must where %s', async (_, own, extent, expected) => {
    const model = new TopicConfigsModel(own)
    const before = await held(model)
    expect((await release(model, before, extent)).held).toEqual(expected)
    expect(Object.fromEntries(model.own)).toEqual({ ...own, ...expected })
    // Cut off right after: the run that takes it up ends the same.
    await holdConfigs(model.transport, 't', before, {})
    expect((await release(model, before, extent)).held).toEqual(expected)
    expect(Object.fromEntries(model.own)).toEqual({ ...own, ...expected })
  })

  it('are never in conflict for a tiered topic that copies nothing any more', async () => {
    const own = { 'remote.log.copy.disable': 'true', 'retention.ms': `${HOUR}`, 'local.retention.ms': `${HOUR}` }
    const model = new TopicConfigsModel(own)
    const before = await held(model)
    expect((await release(model, before, YEARS_OLD)).held).toEqual({ 'retention.ms': '-1', 'local.retention.ms': '-2' })
    await holdConfigs(model.transport, 't', before, {})
    expect((await release(model, before, YOUNG)).held).toEqual({})
    expect(Object.fromEntries(model.own)).toEqual(own)
  })

  it('leave the local retention of other tiered topics alone, so that the disks do not fill', async () => {
    const model = new TopicConfigsModel({ 'remote.storage.enable': 'true', 'local.retention.ms': `${HOUR}` })
    await held(model)
    expect(model.effective['local.retention.ms']).toBe(`${HOUR}`)
  })

  it('are those from before an abandoned restore, while that one still holds them', async () => {
    const own = { 'retention.ms': `${HOUR}`, 'cleanup.policy': 'compact' }
    const model = new TopicConfigsModel(own)
    const abandoned = await held(model)
    expect(await configsBeforeHold(model.transport, 't', { abandoned })).toEqual(abandoned)
    await release(model, abandoned, YOUNG)
    model.own.set('retention.ms', '99')
    const changed = await configsBeforeHold(model.transport, 't', { abandoned })
    expect(changed.originalConfigs['retention.ms']).toBe('99')
  })
})

async function held(model: TopicConfigsModel): Promise<ConfigsBeforeHold> {
  const before = await configsBeforeHold(model.transport, 't', {})
  await holdConfigs(model.transport, 't', before, {})
  return before
}

function release(model: TopicConfigsModel, before: ConfigsBeforeHold, extent: RestoredExtent) {
  return releaseConfigs(model.transport, 't', before, extent)
}
