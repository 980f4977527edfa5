import {
  AbortMultipartUploadCommand,
  type AbortMultipartUploadCommandInput,
  CompleteMultipartUploadCommand,
  type CompleteMultipartUploadCommandInput,
  CreateMultipartUploadCommand,
  type CreateMultipartUploadCommandInput,
  type CreateMultipartUploadCommandOutput,
  DeleteObjectCommand,
  GetObjectCommand,
  type GetObjectCommandInput,
  type GetObjectCommandOutput,
  HeadBucketCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  type ListObjectsV2CommandOutput,
  PutObjectCommand,
  type PutObjectCommandInput,
  UploadPartCommand,
  type UploadPartCommandInput,
  type UploadPartCommandOutput,
} from '@aws-sdk/client-s3'
import { abortable } from '../internal/abort.js'
import { BEFORE_SIGNATURE, uncheckedBody, unsignedBody } from './s3-body-steps.js'
import { S3CallError } from './s3-errors.js'

/** The part of `S3Client` of `@aws-sdk/client-s3` that is used. */
export interface S3ClientLike {
  /** Sends a command and answers with its output. */
  send(command: never, options?: { readonly abortSignal?: AbortSignal }): Promise<unknown>
}

/** What every call is given besides its input. */
export interface S3CallContext {
  /** The key or prefix as the caller knows it, for errors. */
  readonly key: string
  readonly signal: AbortSignal | undefined
}

type WithoutBucket<Input> = Omit<Input, 'Bucket'>

/** The calls of S3 that are used, on one bucket. They reject with {@link S3CallError} or the reason of the signal. */
export class S3Calls {
  readonly #client: S3ClientLike
  readonly #bucket: string

  constructor(client: S3ClientLike, bucket: string) {
    this.#client = client
    this.#bucket = bucket
  }

  /** Also the way to verify an object: the answer has the stored checksum. */
  headObject(name: string, context: S3CallContext): Promise<HeadObjectCommandOutput> {
    const command = new HeadObjectCommand({ Bucket: this.#bucket, Key: name, ChecksumMode: 'ENABLED' })
    return this.#send('look up', command, context)
  }

  /** Rejects when there is no such bucket. */
  async headBucket(signal: AbortSignal | undefined): Promise<void> {
    await this.#send('find', new HeadBucketCommand({ Bucket: this.#bucket }), { key: '', signal })
  }

  getObject(input: WithoutBucket<GetObjectCommandInput>, context: S3CallContext): Promise<GetObjectCommandOutput> {
    const command = new GetObjectCommand({ ...input, Bucket: this.#bucket })
    command.middlewareStack.add(uncheckedBody, BEFORE_SIGNATURE)
    return this.#send('read', command, context)
  }

  listObjects(
    input: WithoutBucket<ListObjectsV2CommandInput>,
    context: S3CallContext,
  ): Promise<ListObjectsV2CommandOutput> {
    return this.#send('list', new ListObjectsV2Command({ ...input, Bucket: this.#bucket }), context)
  }

  async deleteObject(name: string, context: S3CallContext): Promise<void> {
    await this.#send('delete', new DeleteObjectCommand({ Bucket: this.#bucket, Key: name }), context)
  }

  async putObject(input: WithoutBucket<PutObjectCommandInput>, context: S3CallContext): Promise<void> {
    const command = new PutObjectCommand({ ...input, Bucket: this.#bucket })
    command.middlewareStack.add(unsignedBody, BEFORE_SIGNATURE)
    await this.#send('write', command, context)
  }

  createMultipartUpload(
    input: WithoutBucket<CreateMultipartUploadCommandInput>,
    context: S3CallContext,
  ): Promise<CreateMultipartUploadCommandOutput> {
    return this.#send('write', new CreateMultipartUploadCommand({ ...input, Bucket: this.#bucket }), context)
  }

  uploadPart(input: WithoutBucket<UploadPartCommandInput>, context: S3CallContext): Promise<UploadPartCommandOutput> {
    const command = new UploadPartCommand({ ...input, Bucket: this.#bucket })
    command.middlewareStack.add(unsignedBody, BEFORE_SIGNATURE)
    return this.#send('write', command, context)
  }

  async completeMultipartUpload(
    input: WithoutBucket<CompleteMultipartUploadCommandInput>,
    context: S3CallContext,
  ): Promise<void> {
    await this.#send('write', new CompleteMultipartUploadCommand({ ...input, Bucket: this.#bucket }), context)
  }

  async abortMultipartUpload(
    input: WithoutBucket<AbortMultipartUploadCommandInput>,
    context: S3CallContext,
  ): Promise<void> {
    await this.#send('abandon', new AbortMultipartUploadCommand({ ...input, Bucket: this.#bucket }), context)
  }

  async #send<Output>(action: string, command: object, { key, signal }: S3CallContext): Promise<Output> {
    signal?.throwIfAborted()
    try {
      // `never` lets a client of any version fit S3ClientLike; which output belongs to which command, the methods say.
      const answer = this.#client.send(command as never, signal === undefined ? {} : { abortSignal: signal })
      return (await abortable(answer, signal)) as Output
    } catch (error) {
      signal?.throwIfAborted()
      throw new S3CallError({ action, bucket: this.#bucket, key }, error)
    }
  }
}
