import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const run = promisify(execFile)
const repository = join(import.meta.dirname, '../..')

describe('the packed tarball, installed where no client library is', () => {
  let folder: string
  let project: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kafkeep-tarball-'))
    project = join(folder, 'project')
    await mkdir(project)
    await run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], { cwd: repository })
    const [tarball = ''] = (await readdir(folder)).filter((name) => name.endsWith('.tgz'))
    await writeFile(join(project, 'package.json'), JSON.stringify({ name: 'host', version: '1.0.0', private: true }))
    const install = ['install', '--no-audit', '--no-fund', '--prefer-offline', join(folder, tarball)]
    await run('npm', install, { cwd: project })
  }, 120_000)

  afterAll(() => rm(folder, { recursive: true, force: true }))

  async function node(args: readonly string[]): Promise<string> {
    return (await run(process.execPath, args, { cwd: project })).stdout.trim()
  }

  it.each(['kafkeep', 'kafkeep/testing', 'kafkeep/kafkajs', 'kafkeep/node-zookeeper-client'])(
    'imports %s',
    async (entry) => {
      const script = `const names = Object.keys(await import('${entry}')); console.log(names.length > 0)`
      expect(await node(['--input-type=module', '-e', script])).toBe('true')
    },
  )

  it('is required by CommonJS hosts, and is the same module for both', async () => {
    const script = `
      import { createRequire } from 'node:module'
      const { KafkeepError } = createRequire(import.meta.url)('kafkeep')
      const { ObjectNotFoundError } = await import('kafkeep')
      console.log(new ObjectNotFoundError('key') instanceof KafkeepError)`
    expect(await node(['--input-type=module', '-e', script])).toBe('true')
  })

  it('says which package is missing when an entry needs one', async () => {
    const script = `await import('kafkeep/s3').then(() => console.log('imported'), (error) => console.log(error.message))`
    expect(await node(['--input-type=module', '-e', script])).toMatch(/@aws-sdk\/client-s3/)
  })

  it('shares its error classes between entries', async () => {
    const script = `
      const { MemoryStorage, KafkeepError } = await import('kafkeep')
      const { withFaults } = await import('kafkeep/testing')
      const { KafkaJsTransport } = await import('kafkeep/kafkajs')
      try { new KafkaJsTransport({}) } catch (error) { console.log(error instanceof KafkeepError, error.code) }`
    expect(await node(['--input-type=module', '-e', script])).toBe('true UNSUPPORTED_CLIENT')
  })
})
