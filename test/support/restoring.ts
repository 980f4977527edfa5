import type { KafkaTransport } from '../../src/kafka/transport.js'
import { producePartition } from '../../src/restore/produce-partition.js'
import type { OutgoingBatch } from '../../src/restore/step.js'
import { batchBytes, numberedRecords } from './batches.js'
import { PartitionModel, type ProduceFault } from './partition-model.js'
import { streamOf } from './znode-arbitrary.js'

/** The partition that tests restore into. */
const TARGET = { topic: 'restored', partition: 0 }
/** Who a restore is to the broker. */
export const IDENTITY = { producerId: 4_000n, producerEpoch: 3 }

/** A model of the partition that is restored into. */
export function targetModel(faults: readonly ProduceFault[] = []): PartitionModel {
  return new PartitionModel(TARGET, faults)
}

/** Batches of so many records each; every record has a value of its own. */
export function outgoing(sizes: readonly number[]): OutgoingBatch[] {
  let position = 0n
  return sizes.map((records, index) => {
    const baseSequence = Number(position)
    const batch: OutgoingBatch = {
      ...{ type: 'batch', position, offsets: BigInt(records), records, sizeBytes: 100, baseSequence, timestampMs: 0n },
      ...{ sourceFrom: position, sourceNext: position + BigInt(records), transaction: undefined },
      bytes: (identity) => [batchBytes({ ...identity, baseSequence, records: numberedRecords(records, `${index}.`) })],
      recordsBefore: () => 0,
      release: () => {},
    }
    position += BigInt(records)
    return batch
  })
}

/** What this restore sends for a batch. */
export function bytesOf(batch: OutgoingBatch | undefined, identity = IDENTITY): Buffer {
  return Buffer.concat(batch?.bytes(identity) ?? [])
}

/** How a test restores. */
export interface RestoringOptions {
  readonly maxInFlight?: number
  readonly targetFrom?: bigint
  readonly signal?: AbortSignal
  readonly kafka?: KafkaTransport
}

/** Restores `batches` into the model's partition. */
export function restoring(model: PartitionModel, batches: readonly OutgoingBatch[], options: RestoringOptions = {}) {
  return restoringFrom(model, () => streamOf(batches), options)
}

/** {@link restoring} of whatever `open` gives. */
export function restoringFrom(
  model: PartitionModel,
  open: (restored: bigint) => AsyncGenerator<OutgoingBatch, void, void>,
  { maxInFlight = 5, targetFrom = 0n, signal, kafka = model.transport }: RestoringOptions = {},
) {
  const who = { kafka, partition: TARGET, topicId: 'id', identity: IDENTITY }
  const how = { targetFrom, maxInFlight, transactions: false, limit: undefined, signal }
  return producePartition({ ...who, ...how }, open)
}

/** The values of all records, as text. */
export function valuesOf(batches: readonly OutgoingBatch[]): string[] {
  return batches.flatMap(({ records }, index) =>
    numberedRecords(records, `${index}.`).map(({ value }) => String(value)),
  )
}
