export { type FaultOptions, type Faults, withFaults } from './faults.js'
export { kafkaTransportContract } from './kafka-transport-contract/kafka-transport-contract.js'
export { type StorageContractOptions, storageContract } from './storage-contract/storage-contract.js'
export type { TestFunction } from './test-function.js'
