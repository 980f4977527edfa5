// A small process that outlives its owner just long enough to clean up after it. The owner tells it over a pipe what
// to watch; the pipe closes when the owner ends, in whatever way. Plain JavaScript, so that it starts at once.
import { rm } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'

const POLL_MS = 20
const KILL_LIMIT_MS = 5_000

/** Process ids (numbers) and folders (absolute paths). */
const watched = new Set()

for await (const line of createInterface({ input: process.stdin })) obey(line)

const processes = [...watched].filter((target) => typeof target === 'number')
const folders = [...watched].filter((target) => typeof target === 'string')
await Promise.all(processes.map(kill))
await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true, maxRetries: 5 })))

function obey(line) {
  let order
  try {
    order = JSON.parse(line)
  } catch {
    return // The owner's death cut the line short: whatever it was about had not begun.
  }
  if (order.verb === 'watch') watched.add(order.target)
  else watched.delete(order.target)
}

/** Kills and waits until the process is gone: while it lives it may still write into its folder. */
async function kill(pid) {
  for (let waitedMs = 0; waitedMs < KILL_LIMIT_MS; waitedMs += POLL_MS) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      return
    }
    await delay(POLL_MS)
  }
}
