import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import type { ServiceEndpoints } from '../services/endpoints.js'

/** A client of an S3 server of the tests. `settings` come on top. */
export function s3ClientOf(
  { endpoint, accessKeyId, secretAccessKey }: ServiceEndpoints['s3'],
  settings: S3ClientConfig = {},
): S3Client {
  const credentials = { accessKeyId, secretAccessKey }
  return new S3Client({ endpoint, region: 'us-east-1', forcePathStyle: true, credentials, ...settings })
}
