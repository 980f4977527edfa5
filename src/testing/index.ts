export { type FaultOptions, type Faults, withFaults } from './faults.js'
export { type StorageContractOptions, storageContract } from './storage-contract/storage-contract.js'
export type { TestFunction } from './test-function.js'
