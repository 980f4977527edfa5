// A process to be killed: it starts a child that would live on and a folder that would stay, both watched by its reaper.
import { spawn } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { reaper } from '../../services/reaper.js'

const folder = mkdtempSync(join(tmpdir(), 'kafkeep-owner-'))
writeFileSync(join(folder, 'data'), 'of a service')
reaper().watch(folder)

const child = spawn(process.execPath, ['--eval', 'setInterval(() => {}, 1_000)'], { detached: true, stdio: 'ignore' })
if (child.pid !== undefined) reaper().watch(child.pid)
process.stdout.write(`${JSON.stringify({ child: child.pid, folder })}\n`)
setInterval(() => {}, 1_000)
