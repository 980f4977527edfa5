import { Buffer } from 'node:buffer'
import type { ZnodeOperation } from '../zookeeper/transport.js'
import type { PlanStep } from './plan.js'

/** Well below the megabyte that a server accepts at most: it writes more than it receives. */
export const BATCH_BYTES = 256 * 1024
/** Operations of one transaction, at most. */
export const BATCH_OPERATIONS = 500

const OPERATION_OVERHEAD_BYTES = 32
const ACL_OVERHEAD_BYTES = 12

/** About how much an operation adds to a transaction; a chroot is not counted. */
export function operationBytes(operation: ZnodeOperation): number {
  const pathBytes = Buffer.byteLength(operation.path)
  const dataBytes = operation.type === 'delete' ? 0 : (operation.data?.length ?? 0)
  let aclBytes = 0
  for (const { scheme, id } of operation.type === 'create' ? operation.acl : []) {
    aclBytes += ACL_OVERHEAD_BYTES + Buffer.byteLength(scheme) + Buffer.byteLength(id)
  }
  return OPERATION_OVERHEAD_BYTES + pathBytes + dataBytes + aclBytes
}

/** About how much a step adds to a transaction. */
export function stepBytes(step: PlanStep): number {
  const operation = step.type === 'write' ? step.planned.operation : undefined
  return operation === undefined ? 0 : operationBytes(operation)
}

/** Divides steps, in their order, into groups of bounded size. One step that is larger is alone. */
export async function* inBatches<T>(
  steps: AsyncIterable<T>,
  bytesOf: (step: T) => number,
): AsyncGenerator<T[], void, void> {
  let batch: T[] = []
  let bytes = 0
  for await (const step of steps) {
    const stepBytes = bytesOf(step)
    if (batch.length > 0 && (batch.length === BATCH_OPERATIONS || bytes + stepBytes > BATCH_BYTES)) {
      yield batch
      batch = []
      bytes = 0
    }
    batch.push(step)
    bytes += stepBytes
  }
  if (batch.length > 0) yield batch
}
