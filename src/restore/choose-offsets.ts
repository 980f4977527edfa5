import { isLimited } from '../archive/read-chain.js'
import type { OffsetMode } from './events.js'
import type { OnDamage } from './partition-damage.js'
import type { PartitionChain } from './plan-source.js'
import type { RecordSelection } from './translated-steps.js'

/** How a topic's offsets come back. */
export interface OffsetsChoice {
  readonly offsets: OffsetMode
  readonly why: string
  /** What exactness costs beyond sending the batches, in milliseconds. */
  readonly extraMs: number
  /** Why exact offsets, which were asked for, cannot come back. */
  readonly obstacle: string | undefined
}

/** What decides how offsets come back. */
export interface OffsetsQuestion {
  readonly asked: 'auto' | OffsetMode
  readonly exactBudgetMs: number
  readonly selection: RecordSelection
  readonly chains: readonly PartitionChain[]
  /** Where the target's partitions end now. */
  readonly targetFrom: readonly bigint[]
  /** Whether the target holds records already. */
  readonly appends: boolean
  /** Whether fillers could be removed. */
  readonly mayDelete: boolean
  /** Why transactions cannot be replayed in the target, as far as they are needed. */
  readonly replayObstacle: string | undefined
  readonly onDamage: OnDamage
}

/** Measured: a million fillers take 0.1 to 0.5 seconds, the marker of a transaction about 5 ms. */
const FILLERS_PER_MS = 3_000
const MS_PER_MARKER = 5

/** Decides how the offsets of a topic come back. */
export function chooseOffsets(question: OffsetsQuestion): OffsetsChoice {
  const { asked, exactBudgetMs, selection } = question
  const obstacle = obstacleTo(question)
  const extraMs = obstacle === undefined ? extraMsOf(question) : 0
  const translate = (why: string): OffsetsChoice => ({
    ...{ offsets: 'translate', why, extraMs: 0 },
    obstacle: asked === 'exact' ? obstacle : undefined,
  })
  const exact = (why: string): OffsetsChoice => ({ offsets: 'exact', why, extraMs, obstacle: undefined })
  if (obstacle !== undefined) return translate(obstacle)
  if (asked === 'translate') return translate('that is what was asked for')
  if (asked === 'exact') return exact('that is what was asked for')
  if (isLimited(selection)) {
    return translate('a range of times leaves offsets out, and nobody knows yet how many')
  }
  if (extraMs === 0) return exact('every partition holds a record at every offset from 0 on')
  const cost = `filling the offsets that hold no record takes about ${extraMs} ms`
  return extraMs <= exactBudgetMs ? exact(cost) : translate(`${cost}, more than \`exactBudgetMs\` allows`)
}

function obstacleTo(question: OffsetsQuestion): string | undefined {
  const { selection, chains, targetFrom, appends, mayDelete, onDamage } = question
  if (selection.transform !== undefined) return 'transformed records have no offsets of their own'
  if (chains.some(({ trueOffsets }) => !trueOffsets)) return 'the archive does not keep the offsets of its records'
  if (onDamage === 'skip') return "with `onDamage: 'skip'` nobody knows yet what will be left out"
  if (appends) return 'the target holds records already'
  if (chains.some(({ from }, index) => from < (targetFrom[index] ?? 0n))) {
    return 'the target’s log ends behind where the archive’s begins'
  }
  if (!mayDelete && chains.some(({ from }, index) => from > (targetFrom[index] ?? 0n))) {
    return 'this principal may not delete records of the target, which it takes to let a log start later'
  }
  return question.replayObstacle
}

function extraMsOf({ chains, targetFrom }: OffsetsQuestion): number {
  const costs = chains.map(
    ({ from, next, records }, index) =>
      Number(from - (targetFrom[index] ?? 0n)) / FILLERS_PER_MS + Number(next - from - records) * MS_PER_MARKER,
  )
  return Math.ceil(costs.reduce((sum, cost) => sum + cost, 0))
}
