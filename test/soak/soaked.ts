import type { DoomedEnd, DoomedRun } from '../support/kill-loop.js'

/** The topic that is filled, and archived. */
export const SOAKED_TOPIC = 'soaked'

/** Something that is killed again and again, and always has something to do. */
export interface Soaked {
  /** Kills come before this has passed since a run has begun, in milliseconds. */
  readonly latestKillMs: number
  /** What the next run does. */
  next(): DoomedRun
  /** Sees to it that there is work. */
  afterKill(end: DoomedEnd): Promise<void>
  /**
   * Lets a run come to its end, and compares. Answers what was found equal.
   *
   * @throws Error when kills have done harm.
   */
  check(): Promise<string>
}
