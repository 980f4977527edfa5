import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { startJavaService } from './java-service.js'
import { freePort, LOOPBACK } from './ports.js'
import { writeProperties } from './properties-file.js'
import type { S3Service, ServiceOptions } from './service.js'

const PROBE_LIMIT_MS = 2_000

/** What the server asks of its clients. No secret: it listens on this machine alone and holds test data. */
export const S3_CREDENTIALS = { accessKeyId: 'kafkeep', secretAccessKey: 'kafkeep-test-secret' } as const

/** How to start {@link startS3}. */
interface S3Options extends ServiceOptions {
  /** Settings on top of those that all have. */
  readonly properties?: Readonly<Record<string, string>>
}

/** Starts an S3 server (S3Proxy) that keeps its objects in files. Clients need `forcePathStyle`. */
export async function startS3(options: S3Options = {}): Promise<S3Service> {
  const port = options.port ?? (await freePort())
  const endpoint = `http://${LOOPBACK}:${port}`
  const service = await startJavaService({
    name: 's3',
    port,
    dataDirectory: options.dataDirectory,
    mainClass: 'org.gaul.s3proxy.Main',
    heapMegabytes: 384,
    async prepare(dataDirectory) {
      const objects = join(dataDirectory, 'data')
      await mkdir(objects, { recursive: true })
      const properties = { ...settings(endpoint, objects), ...options.properties }
      return ['--properties', await writeProperties(join(dataDirectory, 's3proxy.conf'), properties)]
    },
    expectReady: () => expectAnswer(endpoint),
  })
  return { ...service, ...S3_CREDENTIALS, port, endpoint }
}

/** Throws while nobody answers. Any answer will do: nobody is allowed to ask without a signature. */
export async function expectAnswer(endpoint: string): Promise<void> {
  await fetch(endpoint, { signal: AbortSignal.timeout(PROBE_LIMIT_MS) })
}

function settings(endpoint: string, objects: string): Record<string, string> {
  return {
    's3proxy.endpoint': endpoint,
    's3proxy.authorization': 'aws-v2-or-v4',
    's3proxy.identity': S3_CREDENTIALS.accessKeyId,
    's3proxy.credential': S3_CREDENTIALS.secretAccessKey,
    'jclouds.provider': 'filesystem-nio2',
    'jclouds.filesystem.basedir': objects,
    // The file system asks for none, but the library insists on a pair.
    'jclouds.identity': 'unused',
    'jclouds.credential': 'unused',
  }
}
