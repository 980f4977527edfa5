/** A figure to reach; `undefined` where it was not measured. */
export interface Aim {
  /** Name of the workload that it is about. */
  readonly workload: string
  readonly what: string
  readonly figure: number | undefined
  readonly reached: boolean
}

/** Prints what kafkeep is meant to reach, and whether it has. */
export function printAims(aims: readonly Aim[]): void {
  console.log('\n### Aims\n')
  for (const { workload, what, figure, reached } of aims) {
    const verdict = figure === undefined ? 'not measured' : `${figure.toFixed(2)}, ${reached ? '' : 'NOT '}reached`
    console.log(`- ${workload}: ${what}: ${verdict}`)
  }
}

/** The figure must not be smaller. */
export function atLeast(workload: string, wanted: number, what: string, figure: number | undefined): Aim {
  const reached = figure !== undefined && figure >= wanted
  return { workload, what: `at least ${numeral(wanted)} ${what}`, figure, reached }
}

/** The figure must not be larger. */
export function atMost(workload: string, wanted: number, what: string, figure: number | undefined): Aim {
  const reached = figure !== undefined && figure <= wanted
  return { workload, what: `at most ${numeral(wanted)} ${what}`, figure, reached }
}

/** As people write it: 60, 0.7, 0.33. */
function numeral(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 2 })
}
