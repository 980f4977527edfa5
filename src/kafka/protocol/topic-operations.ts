/** What a principal may be allowed to do with a topic. */
export type TopicOperation =
  | 'read'
  | 'write'
  | 'create'
  | 'delete'
  | 'alter'
  | 'describe'
  | 'describe-configs'
  | 'alter-configs'

/** By the bit in an answer. Source: `AclOperation` of Kafka. */
const OPERATIONS: readonly (readonly [number, TopicOperation])[] = [
  [3, 'read'],
  [4, 'write'],
  [5, 'create'],
  [6, 'delete'],
  [7, 'alter'],
  [8, 'describe'],
  [10, 'describe-configs'],
  [11, 'alter-configs'],
]
/** What a broker answers that was not asked. */
const NOT_ASKED = -(2 ** 31)

/** What the bits of an answer say; `undefined` where it was not asked. */
export function operationsOf(bits: number): readonly TopicOperation[] | undefined {
  if (bits === NOT_ASKED) return undefined
  return OPERATIONS.filter(([bit]) => (bits & (1 << bit)) !== 0).map(([, operation]) => operation)
}
