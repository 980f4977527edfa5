import type { MergeOptions, PruneOptions } from 'kafkeep'

/** How an archive is tidied that has few records a day. */
export const TIDYING: { readonly merge: MergeOptions; readonly prune: PruneOptions } = {
  // About what a day has.
  merge: { segmentBytes: 2_048 },
  prune: { keepCheckpoints: 2 },
}
