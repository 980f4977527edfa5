import { cpus } from 'node:os'
import { median, printTable, short } from './table.js'

/** What one way of doing something took, over several rounds. */
export interface Measured {
  readonly name: string
  /** Work done in one round, in units of the table's rate. */
  readonly work: number
  readonly seconds: readonly number[]
}

/** Runs every candidate once to warm up, then in turn, so that a noisy machine is noisy for all of them. */
export async function measure(
  candidates: readonly { readonly name: string; readonly work: number; run(): Promise<void> | void }[],
  rounds = 5,
): Promise<Measured[]> {
  const seconds = candidates.map((): number[] => [])
  for (let round = -1; round < rounds; round++) {
    for (const [index, { run }] of candidates.entries()) {
      const startedMs = performance.now()
      await run()
      if (round >= 0) seconds[index]?.push((performance.now() - startedMs) / 1000)
    }
  }
  return candidates.map(({ name, work }, index) => ({ name, work, seconds: seconds[index] ?? [] }))
}

/** Median rate of a candidate. */
export function rate({ work, seconds }: Measured): number {
  return work / median(seconds)
}

/** Prints rates as a Markdown table: median, slowest and fastest round. */
export function printRates(title: string, unit: string, results: readonly Measured[]): void {
  console.log(`\n${title}\n`)
  const rows = results.map(({ name, work, seconds }) => {
    const rates = seconds.map((time) => work / time)
    return [name, short(median(rates)), short(Math.min(...rates)), short(Math.max(...rates))]
  })
  printTable(['', `median ${unit}`, 'slowest', 'fastest'], rows)
}

/** What the figures were measured on. */
export function machine(): string {
  return `Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown processor'}`
}
