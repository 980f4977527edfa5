import type { PathFilter } from './path-filter.js'

/**
 * What a Kafka cluster in ZooKeeper mode makes anew or must never see again: registrations of brokers, change
 * notifications (their parents stay, with their counters) and pending commands, which a restore would replay as
 * deletions and moves. For `exclude` of a restore or a snapshot.
 *
 * Fits Kafka at the root of the connection or below any other path, except for `/controller` and `/migration`, whose
 * names are too common to be looked for elsewhere: connect with Kafka's own chroot.
 */
export const kafkaTransientZnodes: PathFilter = [
  '/controller',
  '/migration',
  /\/brokers\/ids\/\d+$/,
  /\/admin\/delete_topics\/[^/]+$/,
  /\/admin\/reassign_partitions$/,
  /\/admin\/preferred_replica_election$/,
  /\/config\/changes\/config_change_\d+$/,
  /\/kafka-acl(?:-extended)?-changes\/acl_changes_\d+$/,
  /\/isr_change_notification\/isr_change_\d+$/,
  /\/log_dir_event_notification\/log_dir_event_\d+$/,
  /\/delegation_token\/token_changes\/token_change_\d+$/,
]
