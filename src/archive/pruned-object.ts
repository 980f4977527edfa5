/** An object that was deleted, or with `dryRun` would be. */
export interface PrunedObject {
  /** Its full key. */
  readonly key: string
  /** Its size in bytes. */
  readonly bytes: number
}
