import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { parseCommand, UsageError } from '../../services/command.js'

describe('parseCommand', () => {
  it('reads the services to start, each once', () => {
    expect(parseCommand(['start', 'kafka4', 's3', 'kafka4'])).toEqual({ verb: 'start', names: ['kafka4', 's3'] })
  })

  it.each(['status', 'stop'] as const)('reads %s', (verb) => {
    expect(parseCommand([verb])).toEqual({ verb })
  })

  it.each([
    [[], 'a command is missing'],
    [['restart'], 'there is no command restart'],
    [['start'], 'start needs the name of a service'],
    [['start', 'kafka4', 'kafka5'], 'there is no service kafka5'],
    [['stop', 'kafka4'], 'stop is about all services and takes no name'],
  ])('refuses %o with a sentence and the usage', (args, sentence) => {
    expect(() => parseCommand(args)).toThrow(UsageError)
    expect(() => parseCommand(args)).toThrow(sentence)
    expect(() => parseCommand(args)).toThrow('usage: npm run -s services -- start <zookeeper | kafka39 | kafka4 | s3>')
  })
})

describe('the services command', () => {
  it('ends with exit code 1 and prints nothing for the shell when it is used wrongly', () => {
    const main = fileURLToPath(new URL('../../services/main.ts', import.meta.url))
    const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', main, 'start', 'kafka5'], {
      encoding: 'utf8',
    })
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' })
    expect(stderr).toContain('there is no service kafka5')
  }, 30_000)
})
