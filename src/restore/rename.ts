/** Names of target topics: a function, or a map in which a topic that is not there keeps its name. */
export type RenameOption = ((topic: string) => string) | Readonly<Record<string, string>>

const KAFKA_TOPIC_NAME = /^(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}$/

/** Checks the option; a map is copied. */
export function renameOption(rename: RenameOption | undefined): RenameOption {
  if (typeof rename === 'function') return rename
  const isMap = rename === undefined || (typeof rename === 'object' && rename !== null && !Array.isArray(rename))
  if (isMap && Object.values(rename ?? {}).every((name) => typeof name === 'string')) return { ...rename }
  throw new TypeError(`\`rename\` must be a function or a map from name to name, got ${String(rename)}`)
}

/** The target's name for `topic`. */
export function renamed(rename: RenameOption, topic: string): string {
  const name = typeof rename === 'function' ? rename(topic) : Object.hasOwn(rename, topic) ? rename[topic] : topic
  if (typeof name === 'string' && KAFKA_TOPIC_NAME.test(name)) return name
  throw new TypeError(`\`rename\` must give a name that Kafka allows, got ${String(name)} for ${topic}`)
}
