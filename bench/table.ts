/** Prints a Markdown table; the first column's heading may be empty. */
export function printTable(columns: readonly string[], rows: readonly (readonly string[])[]): void {
  const lines = [columns, columns.map(() => '---'), ...rows]
  for (const cells of lines) console.log(`| ${cells.join(' | ')} |`)
}

/** The value in the middle; of an even number the upper one of the two. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
}

/** Median and range. */
export function spread(values: readonly number[]): string {
  return `${short(median(values))} (${short(Math.min(...values))} to ${short(Math.max(...values))})`
}

/** A figure with as many digits as mean something. */
export function short(value: number): string {
  if (value >= 100) return whole(value)
  return value >= 10 ? value.toFixed(1) : value.toFixed(2)
}

/** A figure without a fraction. */
export function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}
