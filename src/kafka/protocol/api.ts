import { WireReader, WireWriter } from './wire.js'

/** One request of the Kafka protocol, ready to be sent: a body and how to read its answer. */
export interface ApiRequest<T> {
  readonly apiKey: number
  readonly apiName: string
  readonly apiVersion: number
  /** What follows the request header: bodies of flexible versions begin with the header's empty tagged fields. */
  readonly body: readonly Buffer[]
  decode(response: Buffer): T
}

/** Versions of one API that kafkeep speaks, oldest to newest, and from which one on they are flexible. */
export interface ApiDefinition {
  readonly apiKey: number
  readonly apiName: string
  readonly versions: readonly number[]
  readonly flexibleFrom: number
  /** The first Kafka that speaks it, where that is not the oldest one that kafkeep knows. */
  readonly since?: string
}

/** The inclusive range of versions that a broker announces for one API. */
export interface ApiVersionRange {
  readonly minVersion: number
  readonly maxVersion: number
}

/** The newest version that both sides speak, or `undefined`. */
export function commonVersion(api: ApiDefinition, broker: ApiVersionRange | undefined): number | undefined {
  if (broker === undefined) return undefined
  return api.versions.filter((version) => version >= broker.minVersion && version <= broker.maxVersion).at(-1)
}

/** Builds a request of `api` in `version`. */
export function apiRequest<T>(
  { apiKey, apiName, flexibleFrom }: ApiDefinition,
  apiVersion: number,
  write: (writer: WireWriter) => void,
  read: (reader: WireReader) => T,
): ApiRequest<T> {
  const flexible = apiVersion >= flexibleFrom
  const writer = new WireWriter(flexible)
  writer.end()
  write(writer)
  return {
    apiKey,
    apiName,
    apiVersion,
    body: writer.parts(),
    decode(response) {
      const reader = new WireReader(response, flexible)
      reader.end()
      return read(reader)
    },
  }
}
