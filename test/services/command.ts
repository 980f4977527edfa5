import { SERVICE_NAMES, type ServiceName } from './service-name.js'

/** What a person asked for on the command line. */
export type Command =
  | { readonly verb: 'start'; readonly names: readonly ServiceName[] }
  | { readonly verb: 'status' | 'stop' }

/** The command line makes no sense. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

const USAGE = `usage: npm run -s services -- start <${SERVICE_NAMES.join(' | ')}>... | status | stop`

/** Reads the arguments after the program's name. @throws {@link UsageError} when they make no sense. */
export function parseCommand([verb, ...names]: readonly string[]): Command {
  switch (verb) {
    case 'start': {
      if (names.length === 0) throw new UsageError(`start needs the name of a service\n${USAGE}`)
      return { verb, names: [...new Set(names.map(serviceName))] }
    }
    case 'status':
    case 'stop': {
      if (names.length > 0) throw new UsageError(`${verb} is about all services and takes no name\n${USAGE}`)
      return { verb }
    }
    case undefined:
      throw new UsageError(`a command is missing\n${USAGE}`)
    default:
      throw new UsageError(`there is no command ${verb}\n${USAGE}`)
  }
}

function serviceName(name: string): ServiceName {
  const known = SERVICE_NAMES.find((candidate) => candidate === name)
  if (known === undefined) throw new UsageError(`there is no service ${name}\n${USAGE}`)
  return known
}
