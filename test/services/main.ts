// Services by hand: `eval "$(npm run -s services -- start kafka4 s3)"`. Only lines for the shell go to stdout.
import { type Command, parseCommand, UsageError } from './command.js'
import { exportLines } from './export-lines.js'
import { RunningServices } from './running-services.js'
import { startByHand } from './start-by-hand.js'

async function start(names: Extract<Command, { verb: 'start' }>['names']): Promise<void> {
  tell(`starting ${names.join(', ')}`)
  const services = await RunningServices.use((running) => startByHand(running, names))
  for (const line of exportLines(services)) print(line)
}

async function status(): Promise<void> {
  const services = await RunningServices.use(async (running) => running.list)
  if (services.length === 0) tell('no services are running')
  for (const { name, pid, endpoint, logFile } of services) print([name, pid, endpoint, logFile].join('\t'))
}

async function stop(): Promise<void> {
  const stopped = await RunningServices.use(async (running) => {
    const all = running.list
    await running.remove(all)
    return all
  })
  tell(stopped.length === 0 ? 'no services are running' : `stopped ${stopped.map(({ name }) => name).join(', ')}`)
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

function tell(sentence: string): void {
  process.stderr.write(`${sentence}\n`)
}

async function main(args: readonly string[]): Promise<void> {
  const command = parseCommand(args)
  if (command.verb === 'start') await start(command.names)
  else if (command.verb === 'status') await status()
  else await stop()
}

main(process.argv.slice(2)).catch((error: unknown) => {
  tell(error instanceof UsageError ? error.message : String(error))
  process.exitCode = 1
})
