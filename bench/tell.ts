/** What is going on is no part of the results. */
export function tell(sentence: string): void {
  process.stderr.write(`${sentence}\n`)
}
