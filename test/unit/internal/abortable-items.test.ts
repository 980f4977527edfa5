import { expect, test } from 'vitest'
import { abortableItems } from '../../../src/internal/abortable-items.js'

test('closes the source when its reader leaves', async () => {
  let closed = false
  const source = async function* () {
    try {
      yield 1
      yield 2
    } finally {
      closed = true
    }
  }
  for await (const item of abortableItems(source(), new AbortController().signal)) {
    expect(item).toBe(1)
    break
  }
  expect(closed).toBe(true)
})

test('does not wait for a source that hangs once the signal has fired', async () => {
  const controller = new AbortController()
  const reason = new Error('stop')
  const source = async function* () {
    yield 1
    await new Promise(() => {})
  }
  const items = abortableItems(source(), controller.signal)
  expect(await items.next()).toEqual({ done: false, value: 1 })
  const hanging = items.next()
  controller.abort(reason)
  await expect(hanging).rejects.toBe(reason)
})

test('lets nothing take the place of the reason of the signal', async () => {
  const controller = new AbortController()
  const reason = new Error('stop')
  const source = async function* () {
    try {
      yield 1
    } finally {
      await Promise.reject(new Error('clean-up failed'))
    }
  }
  const items = abortableItems(source(), controller.signal)
  await items.next()
  controller.abort(reason)
  await expect(items.next()).rejects.toBe(reason)
})

test('passes on the error of the source itself', async () => {
  const boom = new Error('boom')
  const source = async function* () {
    yield 1
    throw boom
  }
  const items = abortableItems(source(), undefined)
  await items.next()
  await expect(items.next()).rejects.toBe(boom)
})
