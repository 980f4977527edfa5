import { verdictTable } from 'kafkeep'
import { expect, it } from 'vitest'

const VERDICT = { topic: 'orders', partition: 0, from: 0n, next: 16_536n, records: 16_536n, gaps: [], complete: true }

it('shows a verdict a line, its gaps with their causes, and open transactions', () => {
  const gaps = [{ from: 5n, next: 8n, cause: 'retention' as const }]
  const others = [
    { ...VERDICT, partition: 11, gaps, complete: false },
    { ...VERDICT, partition: 12, from: 7n, next: 9n, records: 2n, openFrom: 9n, complete: false },
  ]
  const [headings, ...lines] = verdictTable([VERDICT, ...others]).split('\n')
  expect(headings?.split(/ {2,}/)).toEqual(['partition', 'from', 'next', 'records', 'complete', 'remarks'])
  expect(lines.map((line) => line.split(/ {2,}/))).toEqual([
    ['orders-0', '0', '16536', '16536', 'yes'],
    ['orders-11', '0', '16536', '16536', 'NO', '5 to 7 missing (retention)'],
    ['orders-12', '7', '9', '2', 'NO', 'a transaction is open from 9 on'],
  ])
})
