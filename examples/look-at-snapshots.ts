// Says what snapshots of ZooKeeper an archive has, and verifies them: `npx tsx examples/look-at-snapshots.ts`.
// With two ids it shows what has changed between them: `npx tsx examples/look-at-snapshots.ts <id> latest`.
import { ZnodeArchive } from 'kafkeep'
import { program, s3Storage } from './connections.js'

await program(async () => {
  const archive = new ZnodeArchive({ storage: s3Storage() })
  const [a, b] = process.argv.slice(2)
  if (a !== undefined && b !== undefined) {
    for await (const { action, path, why } of archive.diff(a, b)) console.log(`${action} ${path}: ${why}`)
    return
  }
  for await (const { id, nodes, bytes, consistency } of archive.snapshots()) {
    console.log(`snapshot ${id}: ${nodes} znodes, ${bytes} bytes of data, ${consistency}`)
  }
  let findings = 0
  for await (const { kind, text, hint } of archive.verify()) {
    findings += 1
    console.error(`${kind}: ${text}\nhint: ${hint}`)
  }
  if (findings > 0) throw new Error('not every snapshot is as it must be')
})
