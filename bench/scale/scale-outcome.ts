/** What it took to go on with an archive of which nothing is new. */
export interface ScaleOutcome {
  readonly seconds: number
  readonly cpuSeconds: number
  /** Heap that the run holds at its end, garbage not counted, on top of the archive, which is in the same heap. */
  readonly retainedBytes: number
  /** Calls of the transport. */
  readonly kafkaCalls: number
  readonly storageCalls: number
}
