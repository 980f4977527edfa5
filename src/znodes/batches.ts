import { Buffer } from 'node:buffer'
import type { ZnodeOperation } from '../zookeeper/transport.js'

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
  const aclBytes = (operation.type === 'create' ? operation.acl : []).reduce((sum, { scheme, id }) => {
    return sum + ACL_OVERHEAD_BYTES + Buffer.byteLength(scheme) + Buffer.byteLength(id)
  }, 0)
  return OPERATION_OVERHEAD_BYTES + pathBytes + dataBytes + aclBytes
}

/** Divides items, in their order, into transactions of bounded size. One item that is larger travels alone. */
export function* inBatches<T>(items: Iterable<T>, bytesOf: (item: T) => number): Generator<T[], void, void> {
  let batch: T[] = []
  let bytes = 0
  for (const item of items) {
    const itemBytes = bytesOf(item)
    if (batch.length > 0 && (batch.length === BATCH_OPERATIONS || bytes + itemBytes > BATCH_BYTES)) {
      yield batch
      batch = []
      bytes = 0
    }
    batch.push(item)
    bytes += itemBytes
  }
  if (batch.length > 0) yield batch
}
