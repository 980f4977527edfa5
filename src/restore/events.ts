import type { KafkeepError } from '../errors.js'

/** How offsets come back: `exact` where every record gets the offset it had, else `translate`. */
export type OffsetMode = 'exact' | 'translate'

/** A fact of a restore run. Whatever it speaks of is done already. */
export type RestoreEvent =
  | {
      /** The target topic is ready to receive. */
      readonly type: 'topic'
      readonly topic: string
      readonly target: string
      readonly offsets: OffsetMode
    }
  | {
      /** Records up to `targetNext` are in the target. */
      readonly type: 'progress'
      readonly topic: string
      readonly partition: number
      readonly targetNext: bigint
      readonly records: number
      readonly bytes: number
    }
  | {
      /** A consumer group stands where it stood, or could not be moved. */
      readonly type: 'groups'
      readonly groupId: string
      /** Partitions whose committed offset was set. */
      readonly moved: number
      readonly error?: KafkeepError
    }
  | {
      /** The target has its own configs again. */
      readonly type: 'released'
      readonly target: string
      readonly configs: Readonly<Record<string, string>>
    }
