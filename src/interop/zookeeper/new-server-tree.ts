import { OPEN_ACL, PERMISSIONS } from '../../zookeeper/acl.js'
import { untouchedZnode } from '../../zookeeper/znode.js'
import type { ReplayedTree } from './replayed-tree.js'

const READ_ACL = [{ permissions: PERMISSIONS.read, scheme: 'world', id: 'anyone' }]
const NODES = ['/', '/zookeeper', '/zookeeper/config', '/zookeeper/quota']

/** Makes `tree`, which must be empty, the tree of a server that was never written to. */
export function newServerTree(tree: ReplayedTree): void {
  for (const path of NODES) {
    const isConfig = path === '/zookeeper/config'
    const stat = { ...untouchedZnode(path), aclVersion: isConfig ? -1 : 0 }
    tree.insert(path, { data: new Uint8Array(), acl: isConfig ? READ_ACL : OPEN_ACL, stat })
  }
}
