import { cpus } from 'node:os'

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

/** The value in the middle; of an even number the upper one of the two. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

/** Median and range, for a table. */
export function spread(values: readonly number[]): string {
  return `${short(median(values))} (${short(Math.min(...values))} to ${short(Math.max(...values))})`
}

/** Prints rates as a Markdown table: median, slowest and fastest round. */
export function printRates(title: string, unit: string, results: readonly Measured[]): void {
  console.log(`\n${title}\n\n| | median ${unit} | slowest | fastest |\n| --- | --- | --- | --- |`)
  for (const result of results) {
    const rates = result.seconds.map((seconds) => result.work / seconds)
    console.log(
      `| ${result.name} | ${short(rate(result))} | ${short(Math.min(...rates))} | ${short(Math.max(...rates))} |`,
    )
  }
}

/** What the figures were measured on. */
export function machine(): string {
  return `Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? 'unknown processor'}`
}

/** A figure with as many digits as mean something. */
export function short(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString('en-US')
  return value >= 10 ? value.toFixed(1) : value.toFixed(2)
}
