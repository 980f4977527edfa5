import { matchesPath, type PathFilter } from '../../zookeeper/path-filter.js'

/** What sessions of Kafka own: brokers, and consumers of before Kafka 0.9, below any chroot; and the controller. */
const KAFKA: PathFilter = [
  /\/brokers\/ids\/[^/]+$/,
  /\/consumers\/[^/]+\/ids\/[^/]+$/,
  /\/consumers\/[^/]+\/owners\/[^/]+\/[^/]+$/,
]
const BROKERS = '/brokers/ids'

/**
 * Which nodes of a tree belonged to sessions. Burry does not tell: it is known by their paths. `/controller` is Kafka's
 * where it stands beside `/brokers/ids`.
 */
export function ephemeralsAmong(paths: Iterable<string>, others: PathFilter): (path: string) => boolean {
  const controllers = new Set(['/controller'])
  for (const path of paths) if (path.endsWith(BROKERS)) controllers.add(`${path.slice(0, -BROKERS.length)}/controller`)
  return (path) => controllers.has(path) || matchesPath(KAFKA, path) || matchesPath(others, path)
}
