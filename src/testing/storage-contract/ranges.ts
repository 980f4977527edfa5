import assert from 'node:assert/strict'
import type { GetOptions } from '../../storage/storage.js'
import { all, pattern, read, type StorageContract } from './support.js'

const SIZE = 100_000

const RANGES: readonly (readonly [name: string, range: GetOptions, expected: readonly [number, number]])[] = [
  ['the start', { endByte: 10 }, [0, 10]],
  ['the middle', { startByte: 33_333, endByte: 77_777 }, [33_333, 77_777]],
  ['the last byte', { startByte: SIZE - 1 }, [SIZE - 1, SIZE]],
  ['one byte', { startByte: 7, endByte: 8 }, [7, 8]],
  ['all after a byte', { startByte: 60_000 }, [60_000, SIZE]],
  ['the whole, named', { startByte: 0, endByte: SIZE }, [0, SIZE]],
  ['up to beyond the end', { startByte: 99_990, endByte: SIZE * 2 }, [99_990, SIZE]],
  ['nothing in the middle', { startByte: 50, endByte: 50 }, [50, 50]],
  ['nothing at the end', { startByte: SIZE }, [SIZE, SIZE]],
  ['nothing beyond the end', { startByte: SIZE + 5, endByte: SIZE + 9 }, [SIZE, SIZE]],
]

/** Reading a part of an object. */
export function rangeContract({ test, open }: StorageContract): void {
  for (const [name, range, [from, to]] of RANGES) {
    test(`reads a range: ${name}`, async () => {
      const storage = await open()
      await storage.put('a', pattern(SIZE))
      assert.deepEqual(await read(storage, 'a', range), pattern(SIZE).subarray(from, to))
    })
  }

  test('reads no bytes of an empty object, whatever the range', async () => {
    const storage = await open()
    await storage.put('empty', [])
    for (const range of [{}, { endByte: 5 }, { startByte: 3 }, { startByte: 0, endByte: 0 }]) {
      assert.equal((await read(storage, 'empty', range)).length, 0)
    }
  })

  test('puts each chunk where it is told, where it promises that', async () => {
    const storage = await open()
    await storage.put('a', pattern(SIZE))
    if (storage.capabilities?.readsInPlace !== true) return
    let place = new Uint8Array(0)
    let asked = 0
    const space = () => {
      place = new Uint8Array(SIZE).subarray(asked, asked + 1 + ((asked * 7_919) % 30_000))
      asked += 1
      return place
    }
    let position = 10
    let chunks = 0
    for await (const { buffer, byteOffset, length } of storage.get('a', { startByte: position, space })) {
      assert.equal(buffer, place.buffer)
      assert.equal(byteOffset, place.byteOffset)
      assert.ok(length <= place.length)
      assert.deepEqual(place.subarray(0, length), pattern(SIZE).subarray(position, position + length))
      position += length
      chunks += 1
    }
    assert.equal(position, SIZE)
    assert.equal(asked, chunks)
  })

  test('refuses a range that ends before it starts, or is no range', async () => {
    const storage = await open()
    await storage.put('a', pattern(10))
    for (const range of [{ startByte: 5, endByte: 4 }, { startByte: -1 }, { endByte: 1.5 }]) {
      await assert.rejects(async () => all(storage.get('a', range)), RangeError)
    }
  })
}
