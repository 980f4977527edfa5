import { describe, expect, it } from 'vitest'
import { missingNames, selects, topicFilterOption } from '../../../src/internal/topic-filter.js'

describe('a topic filter', () => {
  it('selects by whole name and by pattern; without one everything is selected', () => {
    expect(selects(undefined, 'orders')).toBe(true)
    expect(selects([], 'orders')).toBe(false)
    expect(selects(['orders'], 'orders')).toBe(true)
    expect(selects(['orders'], 'orders-2')).toBe(false)
    expect(selects([/^orders/], 'orders-2')).toBe(true)
    expect(selects([/^orders$/, 'payments'], 'payments')).toBe(true)
  })

  it('answers the same every time, also where a pattern remembers where it stopped', () => {
    for (const pattern of [/orders/g, /orders/y]) {
      expect([selects([pattern], 'orders'), selects([pattern], 'orders')]).toEqual([true, true])
    }
  })

  it('tells which plain names are not there', () => {
    expect(missingNames(['orders', 'gone', /nothing/], ['orders'])).toEqual(['gone'])
    expect(missingNames(undefined, [])).toEqual([])
  })

  it('is copied, so that the caller’s array may change', () => {
    const filter = ['orders']
    const checked = topicFilterOption('topics', filter)
    filter.push('payments')
    expect(checked).toEqual(['orders'])
  })
})
