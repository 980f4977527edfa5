/** What makes a producer idempotent: the broker knows its batches by it. */
export interface ProducerIdentity {
  /** Given by the cluster, once. */
  readonly producerId: bigint
  /** Goes up when the identity is taken over. */
  readonly producerEpoch: number
}

/** Who produces in transactions. */
export interface TransactionalProducer extends ProducerIdentity {
  /** Name that the identity was given for. */
  readonly transactionalId: string
}

/**
 * How far a transaction is, in Kafka's words. `prepare-commit` and `prepare-abort`: it is decided, but not every marker
 * is in its log yet. `empty`: the producer has begun none since it was given its identity. `unknown`: the cluster names
 * a state that kafkeep does not know.
 */
export type TransactionState =
  | 'empty'
  | 'ongoing'
  | 'prepare-commit'
  | 'prepare-abort'
  | 'complete-commit'
  | 'complete-abort'
  | 'dead'
  | 'prepare-epoch-fence'
  | 'unknown'

/** What a coordinator knows of a transactional id. */
export interface TransactionDescription extends TransactionalProducer {
  /** How far its newest transaction is. */
  readonly state: TransactionState
}
