import { describe, expect, it } from 'vitest'
import { CatchUp } from '../../../src/archiver/catch-up.js'
import type { PartitionCursor } from '../../../src/archiver/partition-cursor.js'
import { TransportError } from '../../../src/errors.js'

interface Place extends Partial<PartitionCursor> {
  caughtUp: boolean
}

function place(caughtUp: boolean): Place {
  return { caughtUp, error: undefined }
}

/** Looks at these after each thing that happens to them. */
function doneAfter(places: Place[], ...happenings: ((cursors: Set<Place>) => void)[]): boolean[] {
  const cursors = new Set(places)
  const catchUp = new CatchUp(cursors as ReadonlySet<Partial<PartitionCursor>> as ReadonlySet<PartitionCursor>)
  return happenings.map((happens) => {
    happens(cursors)
    return catchUp.done
  })
}

const nothing = () => {}

describe('a run has caught up', () => {
  it('once each of its partitions has, in whatever order, and those that came meanwhile', () => {
    const [first, second, third] = [place(false), place(false), place(false)]
    const catches = (which: Place) => () => {
      which.caughtUp = true
    }
    const steps = [
      nothing,
      catches(second),
      (cursors: Set<Place>) => cursors.add(third),
      catches(first),
      catches(third),
    ]
    expect(doneAfter([first, second], ...steps)).toEqual([false, false, false, false, true])
  })

  it('without partitions that were given up or left to others', () => {
    const [stuck, foreign] = [place(false), place(false)]
    const giveUp = () => {
      stuck.error = new TransportError('it has no leader', { system: 'kafka', retryable: true })
    }
    const leave = (cursors: Set<Place>) => cursors.delete(foreign)
    expect(doneAfter([stuck, foreign], nothing, giveUp, leave)).toEqual([false, false, true])
  })

  it('when there is nothing to archive', () => {
    expect(doneAfter([], nothing)).toEqual([true])
  })
})
