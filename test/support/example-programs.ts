import { type ChildProcess, execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { CreateBucketCommand, type S3Client } from '@aws-sdk/client-s3'
import { S3Storage } from 'kafkeep/s3'
import { onTestFinished } from 'vitest'
import { s3ClientOf } from './s3-client.js'
import { services } from './services.js'

const REPOSITORY = join(import.meta.dirname, '../..')

/** How a program ended. */
export interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** A program that runs; it is killed when the test ends. */
export interface Started {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
}

/** Runs the programs in `examples/` as processes, with a bucket that nobody else uses. */
export class ExamplePrograms {
  readonly #client: S3Client
  readonly #bucket: string
  readonly #environment: NodeJS.ProcessEnv

  private constructor(client: S3Client, bucket: string, environment: NodeJS.ProcessEnv) {
    this.#client = client
    this.#bucket = bucket
    this.#environment = environment
  }

  static async create(environment: NodeJS.ProcessEnv): Promise<ExamplePrograms> {
    const { endpoint, accessKeyId, secretAccessKey } = services().s3
    const bucket = `examples-${randomUUID().slice(0, 8)}`
    const client = s3ClientOf(services().s3)
    await client.send(new CreateBucketCommand({ Bucket: bucket }))
    return new ExamplePrograms(client, bucket, {
      ...{ S3_ENDPOINT: endpoint, BUCKET: bucket, AWS_REGION: 'us-east-1' },
      ...{ AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey },
      ...environment,
    })
  }

  /** What programs have written that were given this `PREFIX`. */
  storage(prefix: string): S3Storage {
    return new S3Storage({ client: this.#client, bucket: this.#bucket, prefix })
  }

  close(): void {
    this.#client.destroy()
  }

  start(name: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}): Started {
    const env = { ...process.env, ...this.#environment, ...environment }
    const program = ['--import', 'tsx', join('examples', `${name}.ts`), ...args]
    let end: (ended: Ended) => void = () => {}
    const ended = new Promise<Ended>((resolve) => {
      end = resolve
    })
    const options = { cwd: REPOSITORY, env, timeout: 60_000 }
    const child = execFile(process.execPath, program, options, (error, stdout, stderr) => {
      end({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, stdout, stderr })
    })
    onTestFinished(() => {
      child.kill('SIGKILL')
    })
    return { child, ended }
  }

  run(...program: Parameters<ExamplePrograms['start']>): Promise<Ended> {
    return this.start(...program).ended
  }
}
