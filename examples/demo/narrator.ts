/** Tells the story of the demo on a terminal: chapters, facts, progress bars, and the time each step took. */
export class Narrator {
  readonly #timings: { readonly step: string; readonly ms: number }[] = []

  chapter(title: string): void {
    process.stdout.write(`\n== ${title}\n`)
  }

  say(text: string): void {
    process.stdout.write(`   ${text.replaceAll('\n', '\n   ')}\n`)
  }

  /** Runs a step and remembers how long it took. */
  async step<T>(title: string, run: (bar: ProgressBar) => Promise<T>): Promise<T> {
    const startedMs = performance.now()
    const bar = new ProgressBar(title)
    try {
      return await run(bar)
    } finally {
      const ms = performance.now() - startedMs
      bar.end(`${(ms / 1000).toFixed(1)} s`)
      this.#timings.push({ step: title, ms })
    }
  }

  /** The steps with their times, longest names aligned. */
  timings(): string {
    const width = Math.max(...this.#timings.map(({ step }) => step.length))
    const lines = this.#timings.map(({ step, ms }) => `${step.padEnd(width)}  ${(ms / 1000).toFixed(1).padStart(6)} s`)
    const totalMs = this.#timings.reduce((sum, { ms }) => sum + ms, 0)
    return [...lines, `${'all steps'.padEnd(width)}  ${(totalMs / 1000).toFixed(1).padStart(6)} s`].join('\n')
  }
}

const BAR_WIDTH = 24

/** A progress bar where there is a terminal, a line at the end where there is none. */
export class ProgressBar {
  readonly #title: string
  #last = ''

  constructor(title: string) {
    this.#title = title
    this.#draw('')
  }

  /** `done` of `total`, in records or nodes. */
  show(done: bigint, total: bigint): void {
    const filled = total === 0n ? BAR_WIDTH : Number((done * BigInt(BAR_WIDTH)) / total)
    this.#draw(`[${'#'.repeat(filled).padEnd(BAR_WIDTH, '.')}] ${done} of ${total}`)
  }

  end(took: string): void {
    const line = ` - ${[this.#title, this.#last, took].filter((part) => part !== '').join('  ')}`
    process.stdout.write(process.stdout.isTTY ? `\r\u001b[K${line}\n` : `${line}\n`)
  }

  #draw(state: string): void {
    this.#last = state
    if (process.stdout.isTTY) process.stdout.write(`\r\u001b[K - ${this.#title}  ${state}`)
  }
}
