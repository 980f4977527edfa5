import { describe, expect, it } from 'vitest'
import { renamed, renameOption } from '../../../src/restore/rename.js'

describe('the name of a target topic', () => {
  it('is what the function or the map says, and else the source’s own', () => {
    expect(
      renamed(
        renameOption((topic) => `${topic}-2`),
        'orders',
      ),
    ).toBe('orders-2')
    const map = { orders: 'bestellungen' }
    const checked = renameOption(map)
    map.orders = 'changed'
    expect(renamed(checked, 'orders')).toBe('bestellungen')
    expect(renamed(checked, 'payments')).toBe('payments')
    expect(renamed(renameOption(undefined), 'orders')).toBe('orders')
  })

  it.each(['constructor', 'toString', '__proto__', 'hasOwnProperty'])('may be %s', (topic) => {
    expect(renamed(renameOption(undefined), topic)).toBe(topic)
    expect(renamed(renameOption({ other: 'x' }), topic)).toBe(topic)
  })

  it.each(['', '.', '..', 'a b', 'a/b', 'ä', 'x'.repeat(250), undefined, 7])('is never %j', (name) => {
    expect(() =>
      renamed(
        renameOption(() => Object.assign(Object(name))),
        'orders',
      ),
    ).toThrow(TypeError)
    const lying: () => string = () => JSON.parse(JSON.stringify(name ?? null))
    expect(() => renamed(lying, 'orders')).toThrow(/for orders/)
  })

  it.each(['x', 7, null, true])('cannot be told by %j', (rename) => {
    expect(() => renameOption(JSON.parse(JSON.stringify(rename)))).toThrow(TypeError)
  })
})
