/** Which topics: by name, or by a pattern. */
export type TopicFilter = readonly (string | RegExp)[]

/** Checks a filter; a copy is returned, so that the caller's array may change. */
export function topicFilterOption(name: string, filter: TopicFilter | undefined): TopicFilter | undefined {
  if (filter === undefined) return undefined
  const valid =
    Array.isArray(filter) && filter.every((item) => item instanceof RegExp || (typeof item === 'string' && item !== ''))
  if (valid) return [...filter]
  throw new TypeError(`\`${name}\` must be an array of topic names and regular expressions, got ${String(filter)}`)
}

/** Whether the filter selects a topic; without a filter every topic is selected. */
export function selects(filter: TopicFilter | undefined, topic: string): boolean {
  if (filter === undefined) return true
  // A RegExp with the flag g or y remembers where it stopped; `search` does not.
  return filter.some((item) => (typeof item === 'string' ? item === topic : topic.search(item) >= 0))
}

/** The filter's plain names that are not among `topics`. */
export function missingNames(filter: TopicFilter | undefined, topics: readonly string[]): string[] {
  return (filter ?? []).filter((item) => typeof item === 'string').filter((name) => !topics.includes(name))
}
