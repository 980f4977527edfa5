import type { PartitionCursor } from './partition-cursor.js'

const MAX_LANES = 4
const MIN_LANES = 2

/** Partitions that one broker leads stay together where there are more brokers than lanes. */
export function splitIntoLanes(cursors: readonly PartitionCursor[]): PartitionCursor[][] {
  const leaders = [...new Set(cursors.map(({ leaderId }) => leaderId))]
  const count = Math.min(Math.max(leaders.length, MIN_LANES), MAX_LANES, cursors.length)
  const lanes: PartitionCursor[][] = Array.from({ length: count }, () => [])
  cursors.forEach((cursor, index) => {
    const place = leaders.length >= MIN_LANES ? leaders.indexOf(cursor.leaderId) : index
    lanes[place % count]?.push(cursor)
  })
  return lanes.filter((lane) => lane.length > 0)
}
