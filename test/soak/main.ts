// `npm run soak -- archiver|restorer|znodes KILLS`: kills a process again and again, and looks whether that has done any harm.
import { parseSoak, type SoakCommand } from './command.js'
import { soak } from './soak.js'

function commandOf(args: readonly string[]): SoakCommand | undefined {
  try {
    return parseSoak(args)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
    return undefined
  }
}

const command = commandOf(process.argv.slice(2))
if (command !== undefined) await soak(command)
