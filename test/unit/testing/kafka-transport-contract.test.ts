import { describe, it } from 'vitest'
import { deletionContract } from '../../../src/testing/kafka-transport-contract/deletions.js'
import { logContract, logEndContract } from '../../../src/testing/kafka-transport-contract/logs.js'
import {
  takeOverContract,
  transactionalProducerContract,
} from '../../../src/testing/kafka-transport-contract/transactional-producers.js'
import {
  transactionContract,
  transactionOrderContract,
} from '../../../src/testing/kafka-transport-contract/transactions.js'
import { ClusterModel } from '../../support/cluster-model.js'

// What tests prove with a model of a broker is worth as much as the model is like one.
describe.each([0, 3])('a cluster model whose markers come after %i calls', (markersAfterCalls) => {
  const contract = { test: it, open: async () => new ClusterModel({ markersAfterCalls }).transport }
  logContract(contract)
  logEndContract(contract)
  deletionContract(contract)
  transactionContract(contract)
  transactionOrderContract(contract)
  transactionalProducerContract(contract)
  takeOverContract(contract)
})
