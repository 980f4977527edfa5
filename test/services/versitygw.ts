import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort, LOOPBACK } from './ports.js'
import { expectAnswer, S3_CREDENTIALS } from './s3.js'
import { startServer } from './server-process.js'
import type { S3Service, ServiceOptions } from './service.js'
import { versitygwExecutable } from './versitygw-program.js'

/** Starts versitygw, a second S3 server, that shares no code with S3Proxy. Clients need `forcePathStyle`. */
export async function startVersitygw(options: ServiceOptions = {}): Promise<S3Service> {
  const executable = await versitygwExecutable()
  const port = options.port ?? (await freePort())
  const endpoint = `http://${LOOPBACK}:${port}`
  const service = await startServer({
    name: 'versitygw',
    port,
    dataDirectory: options.dataDirectory,
    prepare: async (dataDirectory) => ({
      executable,
      args: await versitygwArguments(dataDirectory, port),
      environment: {
        ROOT_ACCESS_KEY: S3_CREDENTIALS.accessKeyId,
        ROOT_SECRET_KEY: S3_CREDENTIALS.secretAccessKey,
      },
      notFound: `${executable} is gone from the cache`,
    }),
    expectReady: () => expectAnswer(endpoint),
  })
  return { ...service, ...S3_CREDENTIALS, port, endpoint }
}

/** Never `--keep-alive`: with it, versitygw 1.8.0 answers a put soon after an error with 400 now and then. */
async function versitygwArguments(dataDirectory: string, port: number): Promise<string[]> {
  const folder = async (name: string) => {
    const directory = join(dataDirectory, name)
    await mkdir(directory, { recursive: true })
    return directory
  }
  // Without a folder of accounts it answers unknown access keys with 404.
  const gateway = ['--port', `${LOOPBACK}:${port}`, '--region', 'us-east-1', '--iam-dir', await folder('accounts')]
  return [...gateway, 'posix', '--versioning-dir', await folder('versions'), await folder('objects')]
}
