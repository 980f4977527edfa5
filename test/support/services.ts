import { inject } from 'vitest'
import type { ServiceEndpoints } from '../services/endpoints.js'

/** Where the real services answer that this run of the integration tests uses. */
export function services(): ServiceEndpoints {
  return inject('services')
}
