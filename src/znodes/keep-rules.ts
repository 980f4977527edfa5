/** Which snapshots to keep: those that any rule names. */
export interface KeepRules {
  /** Keep the newest so many, at least 1. */
  readonly last?: number | undefined
  /** Of each of the last so many UTC days that have a snapshot, keep the newest, at least 1. */
  readonly daily?: number | undefined
  /** Of each of the last so many ISO weeks (Monday to Sunday, UTC) that have a snapshot, keep the newest, at least 1. */
  readonly weekly?: number | undefined
}

const DAY_MS = 86_400_000
/** 1 January 1970 was a Thursday. */
const MONDAY_TO_THURSDAY = 3

/** The places that {@link KeepRules} give away. Snapshots must come newest first. */
export class KeepPlaces {
  readonly #rules: readonly PlacesOfRule[]

  constructor({ last = 0, daily = 0, weekly = 0 }: KeepRules) {
    this.#rules = [
      new PlacesOfRule(last, () => Symbol('each is a period of its own')),
      new PlacesOfRule(daily, dayOf),
      new PlacesOfRule(weekly, (takenMs) => Math.floor((dayOf(takenMs) + MONDAY_TO_THURSDAY) / 7)),
    ]
  }

  /** Whether there is a place for a snapshot that was taken then. */
  has(takenMs: number): boolean {
    return this.#rules.some((rule) => rule.has(takenMs))
  }

  /** Gives a snapshot every place that there is for it. */
  take(takenMs: number): void {
    for (const rule of this.#rules) if (rule.has(takenMs)) rule.take(takenMs)
  }
}

/** The places of one rule: one for each of a number of periods. */
class PlacesOfRule {
  #left: number
  readonly #periodOf: (takenMs: number) => unknown
  #takenPeriod: unknown

  constructor(places: number, periodOf: (takenMs: number) => unknown) {
    this.#left = places
    this.#periodOf = periodOf
  }

  has(takenMs: number): boolean {
    return this.#left > 0 && this.#periodOf(takenMs) !== this.#takenPeriod
  }

  take(takenMs: number): void {
    this.#left -= 1
    this.#takenPeriod = this.#periodOf(takenMs)
  }
}

function dayOf(takenMs: number): number {
  return Math.floor(takenMs / DAY_MS)
}
