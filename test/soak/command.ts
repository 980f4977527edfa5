/** What a person asked for on the command line. */
export interface SoakCommand {
  /** What is killed. */
  readonly subject: 'archiver' | 'restorer' | 'znodes'
  readonly kills: number
}

const SUBJECTS: readonly SoakCommand['subject'][] = ['archiver', 'restorer', 'znodes']
const USAGE = 'usage: npm run soak -- archiver|restorer|znodes KILLS'

/** Reads the arguments after the program's name. @throws {@link RangeError} when they make no sense. */
export function parseSoak(args: readonly string[]): SoakCommand {
  const [name = '', count = '', surplus] = args
  const subject = SUBJECTS.find((known) => known === name)
  if (subject === undefined)
    throw new RangeError(`what is to be killed must be archiver, restorer or znodes, got "${name}" (${USAGE})`)
  const kills = /^\d+$/.test(count) ? Number(count) : Number.NaN
  if (!Number.isSafeInteger(kills) || kills < 1) {
    throw new RangeError(`how often must be a whole number from 1 on, got "${count}" (${USAGE})`)
  }
  if (surplus !== undefined) throw new RangeError(`"${surplus}" is one argument too many (${USAGE})`)
  return { subject, kills }
}
