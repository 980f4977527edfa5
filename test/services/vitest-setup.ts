import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'
import type { ServiceEndpoints } from './endpoints.js'
import { openServices } from './open-services.js'
import { reaper } from './reaper.js'

declare module 'vitest' {
  export interface ProvidedContext {
    readonly services: ServiceEndpoints
  }
}

/** Starts the services of the integration tests before the first one, and returns what ends them after the last. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const logs = await mkdtemp(join(tmpdir(), 'kafkeep-integration-logs-'))
  reaper().watch(logs)
  // The processes of the tests inherit it: what they start by themselves logs here too.
  process.env['KAFKEEP_SERVICES_LOGS'] = logs
  const services = await openServices(process.env)
  project.provide('services', services.endpoints)
  return async () => {
    await services.close()
    if (hasFailures(project)) process.stderr.write(`\nThe logs of the services are in ${logs}\n`)
    else await rm(logs, { recursive: true, force: true })
    reaper().spare(logs)
  }
}

function hasFailures({ vitest: { state } }: TestProject): boolean {
  return state.getFailedFilepaths().length > 0 || state.getUnhandledErrors().length > 0
}
