import assert from 'node:assert/strict'
import { endingIn, keys, pattern, read, type StorageContract } from './support.js'

const WRITERS = 20

/** An object is created whole, by one writer, and never changes. */
export function writeOnceContract({ test, open, limits }: StorageContract): void {
  test('does not replace an object, and tells of the one that is there', async () => {
    const storage = await open()
    const first = await storage.put('a', pattern(10))
    const second = await storage.put('a', pattern(20))
    assert.deepEqual([first.created, second.created], [true, false])
    assert.equal(second.info.sizeBytes, 10)
    assert.equal(second.info.key, 'a')
    assert.deepEqual(await read(storage, 'a'), pattern(10))
  })

  test('tells a second put of the same bytes that the object is there', async () => {
    const storage = await open()
    await storage.put('a', pattern(10))
    assert.equal((await storage.put('a', pattern(10))).created, false)
  })

  test('does not replace a large object by a large one', async () => {
    const storage = await open()
    await storage.put('a', pattern(limits.largeObjectBytes))
    const { created, info } = await storage.put('a', pattern(limits.largeObjectBytes + 1))
    assert.deepEqual([created, info.sizeBytes], [false, limits.largeObjectBytes])
  })

  test(`lets one of ${WRITERS} writers at once create an object, whole`, async () => {
    const storage = await open()
    const bodies = Array.from({ length: WRITERS }, (_, index) => pattern(30_000 + index))
    const results = await Promise.all(bodies.map((body) => storage.put('contested', body)))
    const winners = bodies.filter((_, index) => results[index]?.created)
    assert.equal(winners.length, 1)
    assert.deepEqual(await read(storage, 'contested'), winners[0])
    for (const { info } of results) assert.equal(info.sizeBytes, winners[0]?.length)
  })

  test('shows nothing of an object before it is whole', async () => {
    const storage = await open()
    let finish = () => {}
    const gate = new Promise<void>((resolve) => {
      finish = resolve
    })
    const put = storage.put(
      'slow/a',
      endingIn(pattern(100_000), () => gate),
    )
    assert.equal(await storage.head('slow/a'), undefined)
    assert.deepEqual(await keys(storage, ''), [])
    finish()
    await put
    assert.deepEqual(await keys(storage, ''), ['slow/a'])
  })
}
