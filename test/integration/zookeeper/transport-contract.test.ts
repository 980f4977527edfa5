import { zookeeperTransportContract } from 'kafkeep/testing'
import { describe, it } from 'vitest'
import { services } from '../../support/services.js'
import { ownChroot, transportTo } from '../../support/znodes.js'

describe('NodeZooKeeperTransport', () => {
  zookeeperTransportContract(it, async () => transportTo(await ownChroot(services().zookeeper.connect)))
})
