/** What it took to go on with an archive of which nothing is new. */
export interface ScaleOutcome {
  readonly seconds: number
  readonly cpuSeconds: number
  /** Resident before the run: the process and the archive, which is in its memory. */
  readonly archiveBytes: number
  /** The most that came on top of that during the run. */
  readonly ownBytes: number
  /** Calls of the transport. */
  readonly kafkaCalls: number
  readonly storageCalls: number
}
