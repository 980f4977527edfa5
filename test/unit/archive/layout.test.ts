import {
  jsonLinesZnodes,
  type KafkaTransport,
  kafkeepLayout,
  logSegments,
  MemoryStorage,
  PrefixedStorage,
  TopicArchive,
  TopicArchiver,
  type TopicLayout,
  TopicRestorer,
  ZnodeArchive,
  type ZnodeLayout,
  ZnodeRestorer,
  ZnodeSnapshotter,
  type ZooKeeperTransport,
} from 'kafkeep'
import { describe, expect, it } from 'vitest'
import { topicKey } from '../../../src/archive/names.js'
import { describeTopic } from '../../../src/archive/topic-description.js'
import { untouchedZnode } from '../../../src/zookeeper/znode.js'
import { storeSnapshot } from '../../support/stored-snapshots.js'
import { collected } from '../../support/znode-arbitrary.js'

/** Keeps everything one folder further down, which no verb knows of. */
const down: TopicLayout & ZnodeLayout = {
  id: 'down',
  over: (storage) => new PrefixedStorage(storage, 'down'),
  topicCodecs: [logSegments()],
  znodeCodecs: [jsonLinesZnodes()],
}

/** Any transport: nothing is asked of it. */
const transport = new Proxy({}, { get: () => () => Promise.reject(new Error('nothing may be asked')) })
const [kafka, zookeeper] = [transport as KafkaTransport, transport as ZooKeeperTransport]
const storage = new MemoryStorage()

const READERS = {
  TopicArchive: (more: object) => new TopicArchive({ storage, ...more }),
  TopicRestorer: (more: object) => new TopicRestorer({ kafka, storage, ...more }),
  ZnodeArchive: (more: object) => new ZnodeArchive({ storage, ...more }),
  ZnodeRestorer: (more: object) => new ZnodeRestorer({ zookeeper, storage, ...more }),
}
const WRITERS = {
  TopicArchiver: (more: object) => new TopicArchiver({ kafka, storage, ...more }),
  ZnodeSnapshotter: (more: object) => new ZnodeSnapshotter({ zookeeper, storage, ...more }),
}

describe.each(Object.entries({ ...READERS, ...WRITERS }))('%s', (_name, construct) => {
  it('takes a layout, and nothing else for one', () => {
    for (const layout of [kafkeepLayout(), down, undefined]) expect(() => construct({ layout })).not.toThrow()
    for (const layout of [null, 'spredfast', {}, () => kafkeepLayout()]) {
      expect(() => construct({ layout })).toThrow(new TypeError(expectedOf(layout)))
    }
  })
})

function expectedOf(layout: unknown): string {
  const got = typeof layout === 'object' && layout !== null ? 'an object without' : String(layout)
  return `\`layout\` must have the method(s) over, got ${got}`
}

it.each(Object.entries(READERS))('%s takes no codecs with a layout that has its own', (_name, construct) => {
  const codecs = [jsonLinesZnodes()]
  expect(() => construct({ layout: down, codecs })).toThrow(
    new TypeError('`codecs` cannot be given with the layout down: it has a codec of its own'),
  )
  expect(() => construct({ layout: down, codecs: [] })).not.toThrow()
  expect(() => construct({ layout: kafkeepLayout(), codecs })).not.toThrow()
})

it.each(Object.entries(WRITERS))('%s takes no codec with a layout that has its own', (_name, construct) => {
  const codec = jsonLinesZnodes()
  expect(() => construct({ layout: down, codec })).toThrow(
    new TypeError('`codec` cannot be given with the layout down: it has a codec of its own'),
  )
  expect(() => construct({ layout: kafkeepLayout(), codec })).not.toThrow()
})

describe('what a layout shows', () => {
  it('is what is read', async () => {
    const bucket = new MemoryStorage()
    const shown = new PrefixedStorage(bucket, 'down')
    const { id } = await storeSnapshot(shown, { nodes: [untouchedZnode('/')] })
    const topic = { topic: 'orders', topicId: 'a', firstSeenMs: 7, clusterId: 'c', partitions: 1 }
    await describeTopic(shown, topic, {})
    expect(await bucket.head(`down/${topicKey(topic)}`)).toBeDefined()

    expect(await collected(new TopicArchive({ storage: bucket, layout: down }).topics())).toEqual([topic])
    const snapshots = await collected(new ZnodeArchive({ storage: bucket, layout: down }).snapshots())
    expect(snapshots).toMatchObject([{ id, nodes: 1 }])
  })
})
