import { describe, expect, it } from 'vitest'
import { type Checkpoint, checkpointIds, readCheckpoint, writeCheckpoint } from '../../../src/archive/checkpoint.js'
import { jsonBytes } from '../../../src/archive/json-object.js'
import { NotInArchiveError } from '../../../src/errors.js'
import { MemoryStorage } from '../../../src/storage/memory.js'
import { putEach } from '../../../src/testing/storage-contract/support.js'
import { PARTITION } from '../../support/segments.js'
import { collected } from '../../support/znode-arbitrary.js'

const NOON = Date.UTC(2026, 10, 23, 12)
const ID = '20261123T120000000Z-1f3a9c0e'
const KEY = `checkpoints/${ID}.json`

const CHECKPOINT: Checkpoint = {
  takenMs: NOON,
  clusterId: 'cluster',
  topics: [
    {
      topic: PARTITION.topic,
      topicId: PARTITION.topicId,
      replicationFactor: 3,
      configs: [{ name: 'retention.ms', value: '-1', source: 'topic' }],
      partitions: [
        { partition: 0, generation: 2, from: 5n, next: 2n ** 63n - 1n },
        { partition: 1, generation: 1, from: 0n, next: 0n, unseen: true },
      ],
    },
  ],
  groups: [
    {
      groupId: '',
      offsets: [{ topic: 'orders', partition: 0, offset: 2n ** 62n, leaderEpoch: -1, metadata: '{"a":1}' }],
    },
  ],
}

describe('a checkpoint', () => {
  it('is read as it was written', async () => {
    const storage = new MemoryStorage()
    const id = await writeCheckpoint(storage, CHECKPOINT, {})
    expect(await readCheckpoint(storage, id, {})).toEqual({ id, ...CHECKPOINT })
  })

  it('is found by its id, as the newest, or as the newest before an instant', async () => {
    const storage = new MemoryStorage()
    const ids: string[] = []
    for (const takenMs of [NOON, NOON + 1_000, NOON + 2_000]) {
      ids.push(await writeCheckpoint(storage, { ...CHECKPOINT, takenMs }, {}))
    }
    expect(await collected(checkpointIds(storage, {}))).toEqual(ids)
    expect((await readCheckpoint(storage, 'latest', {})).id).toBe(ids[2])
    expect((await readCheckpoint(storage, { before: new Date(NOON + 2_000) }, {})).id).toBe(ids[1])
  })

  it('is not looked for in objects that have no checkpoint’s name', async () => {
    const storage = new MemoryStorage()
    await putEach(storage, ['checkpoints/notes.json', 'checkpoints/20261123T120000000Z-1f3a9c0e.json.bak'])
    await putEach(storage, [
      'checkpoints/a/20261123T120000000Z-1f3a9c0e.json',
      'checkpoints/20261123T120000000Z-1f3a9c0e',
    ])
    expect(await collected(checkpointIds(storage, {}))).toEqual([])
  })

  it('that is not there is an error that says what there is', async () => {
    const storage = new MemoryStorage()
    await expect(readCheckpoint(storage, 'latest', {})).rejects.toThrow(/no checkpoint yet/)
    const id = await writeCheckpoint(storage, CHECKPOINT, {})
    for (const choice of ['no such id', { before: new Date(NOON) }]) {
      const reading = readCheckpoint(storage, choice, {})
      await expect(reading).rejects.toBeInstanceOf(NotInArchiveError)
      await expect(reading).rejects.toMatchObject({ hint: expect.stringContaining(id) })
    }
  })
})

async function parsed(json: object): Promise<Checkpoint> {
  const storage = new MemoryStorage()
  await storage.put(KEY, jsonBytes(KEY, json))
  const { id, ...checkpoint } = await readCheckpoint(storage, ID, {})
  return checkpoint
}

/** What a checkpoint's JSON is, with the field at `path` replaced, or removed where `value` is undefined. */
function broken(path: readonly (string | number)[], value: unknown): object {
  const { crc32c: _, ...json }: Record<string, unknown> = JSON.parse(jsonBytes(KEY, CHECKPOINT).toString())
  let holder: Record<string | number, unknown> = json
  for (const step of path.slice(0, -1)) holder = holder[step] as Record<string | number, unknown>
  holder[path.at(-1) ?? ''] = value
  return json
}

const TOPIC = ['topics', 0]
const STATE = [...TOPIC, 'partitions', 0]
const CONFIG = [...TOPIC, 'configs', 0]
const OFFSET = ['groups', 0, 'offsets', 0]

/** A field, and what it must not be. */
const BROKEN: readonly (readonly [readonly (string | number)[], readonly unknown[]])[] = [
  [['takenMs'], [undefined, '1', -1, 1.5, null]],
  [['clusterId'], [undefined, 7]],
  [['topics'], [undefined, {}, 'x']],
  [TOPIC, [null, [], 'x']],
  [
    [...TOPIC, 'topic'],
    [undefined, null],
  ],
  [
    [...TOPIC, 'topicId'],
    [undefined, 1],
  ],
  [
    [...TOPIC, 'replicationFactor'],
    [undefined, 0, '3'],
  ],
  [
    [...TOPIC, 'configs'],
    [undefined, {}],
  ],
  [[...CONFIG, 'name'], [undefined]],
  [
    [...CONFIG, 'value'],
    [null, 5],
  ],
  [[...CONFIG, 'source'], [undefined]],
  [[...TOPIC, 'partitions'], [undefined]],
  [STATE, [7]],
  [
    [...STATE, 'partition'],
    [-1, '0'],
  ],
  [
    [...STATE, 'generation'],
    [0, undefined],
  ],
  [
    [...STATE, 'from'],
    [5, '5n', '', ' 5', '1e3', undefined],
  ],
  [
    [...STATE, 'next'],
    ['9223372036854775808', '99999999999999999999', 9],
  ],
  [['groups'], [undefined, null]],
  [
    ['groups', 0, 'groupId'],
    [undefined, 1],
  ],
  [['groups', 0, 'offsets'], [undefined]],
  [[...OFFSET, 'topic'], [undefined]],
  [[...OFFSET, 'partition'], [-1]],
  [
    [...OFFSET, 'offset'],
    [1, undefined, '-1'],
  ],
  [
    [...OFFSET, 'leaderEpoch'],
    [-2, '0'],
  ],
  [[...OFFSET, 'metadata'], [null]],
]

describe('a checkpoint that is not what it must be', () => {
  it.each(BROKEN.flatMap(([path, values]) => values.map((value) => [nameOf(path), value, path] as const)))(
    'is damage, and the error says where: %s = %j',
    async (name, value, path) => {
      const reading = parsed(broken(path, value))
      await expect(reading).rejects.toMatchObject({ code: 'ARCHIVE_CORRUPT', key: KEY })
      await expect(reading).rejects.toThrow(KEY)
      await expect(reading).rejects.toThrow(name)
    },
  )

  it('says which partition has offsets that cannot be', async () => {
    const json = broken(STATE, { partition: 0, generation: 1, from: '6', next: '5' })
    await expect(parsed(json)).rejects.toThrow('`topics[0].partitions[0]` has offsets that cannot be')
  })

  it('may have fields of a later version', async () => {
    expect(await parsed(broken(['later'], true))).toEqual(CHECKPOINT)
  })
})

/** A path as an error writes it: `topics[0].partitions`. */
function nameOf(path: readonly (string | number)[]): string {
  return path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`))
    .join('')
    .slice(1)
}
