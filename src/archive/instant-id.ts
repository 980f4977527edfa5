import { randomBytes } from 'node:crypto'
import { NotInArchiveError } from '../errors.js'

const INSTANT_ID = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})(\d{3})Z-[0-9a-f]{8}$/

/** A name that sorts by time and is never given twice: `20261123T191839123Z-1f3a9c0e` (UTC, no colons). */
export function newInstantId(takenMs: number): string {
  return instantId(takenMs, randomBytes(4).toString('hex'))
}

/** The id of what was taken at an instant; `suffix`, of eight hex digits, tells it from others of that instant. */
export function instantId(takenMs: number, suffix: string): string {
  return `${instantText(takenMs)}-${suffix}`
}

/** When the thing with this id was taken, in epoch milliseconds; `undefined` when it is not such an id. */
export function instantOf(id: string): number | undefined {
  const match = INSTANT_ID.exec(id)
  if (match === null) return undefined
  const [, year, month, day, hour, minute, second, ms] = match
  const takenMs = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${ms}Z`)
  // The 30th of February parses as the 2nd of March.
  return Number.isNaN(takenMs) || !id.startsWith(instantText(takenMs)) ? undefined : takenMs
}

function instantText(takenMs: number): string {
  return new Date(takenMs).toISOString().replaceAll(/[-:.]/g, '')
}

/** Which of several states to go back to: the newest one, one by its id, or the newest one before an instant. */
export type InstantChoice = 'latest' | string | BeforeInstant

/** The newest state before an instant. */
export interface BeforeInstant {
  /** The state was taken before this. */
  readonly before: Date
}

/** The id among `ids` (in ascending order) that `choice` means, or `undefined`. */
export function chosenId(ids: readonly string[], choice: InstantChoice): string | undefined {
  if (choice === 'latest') return ids.at(-1)
  if (typeof choice === 'string') return ids.find((id) => id === choice)
  const beforeMs = choice.before.getTime()
  return ids.findLast((id) => (instantOf(id) ?? Number.POSITIVE_INFINITY) < beforeMs)
}

/** Checks an option that says which state to go back to. */
export function instantChoiceOption(name: string, choice: InstantChoice): InstantChoice {
  if (typeof choice === 'string' && choice !== '') return choice
  if (typeof choice === 'object' && choice?.before instanceof Date && !Number.isNaN(choice.before.getTime())) {
    return { before: new Date(choice.before) }
  }
  throw new TypeError(`\`${name}\` must be 'latest', an id or { before: Date }, got ${String(choice)}`)
}

/** Says that `choice` means none of `ids`. `what` is what the ids are of, such as `checkpoint`. */
export function noSuchInstant(what: string, choice: InstantChoice, ids: readonly string[]): NotInArchiveError {
  if (ids.length === 0)
    return new NotInArchiveError(`the archive has no ${what} yet`, { hint: 'archive something first' })
  const wanted = typeof choice === 'string' ? choice : `before ${choice.before.toISOString()}`
  return new NotInArchiveError(`the archive has no ${what} ${wanted}`, {
    hint: `it has ${ids.length}, from ${ids[0]} to ${ids.at(-1)}`,
  })
}
