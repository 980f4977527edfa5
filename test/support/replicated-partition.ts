import { randomUUID } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { kafkaTool } from '../services/kafka-tool.js'
import type { Kafka4Cluster } from '../services/kafka4-cluster.js'
import { eventually } from './eventually.js'
import { KafkaBench, messages } from './kafka.js'

const LIMIT_MS = 30_000
const INTERVAL_MS = 50
const RECORDS_A_BATCH = 10
const NOBODY = -1

/** A leader epoch and its first offset in a log. */
interface LeaderEpochStart {
  readonly epoch: number
  readonly from: bigint
}

/** Who serves a partition now. */
interface PartitionState {
  readonly leader: number
  readonly isr: readonly number[]
}

/**
 * A topic with one partition whose replicas a test drives apart: one is left behind, the others die, and the one that
 * was left behind is elected although it lacks records (an unclean election). It takes `min.insync.replicas=1`: with 2,
 * Kafka 4 takes back no record that it has ever shown to a consumer. Every method returns once the cluster agrees.
 */
export class ReplicatedPartition {
  readonly topic: string
  readonly #cluster: Kafka4Cluster
  readonly #bench: KafkaBench
  #replicas: readonly number[]
  #appended = 0

  private constructor(cluster: Kafka4Cluster, topic: string, replicas: readonly number[]) {
    this.topic = topic
    this.#cluster = cluster
    this.#bench = new KafkaBench('kafka4', cluster.brokers)
    this.#replicas = replicas
  }

  /**
   * Starts what does not run of the cluster, and creates the topic, with its replicas on the brokers with these node
   * ids. The first one leads. By default any replica may be elected when none in sync is left.
   */
  static async create(
    cluster: Kafka4Cluster,
    replicas: readonly number[],
    configs: Readonly<Record<string, string>> = {},
  ): Promise<ReplicatedPartition> {
    await Promise.all(cluster.nodes.map((node) => node.start()))
    const partition = new ReplicatedPartition(cluster, `replicated-${randomUUID().slice(0, 8)}`, replicas)
    await partition.#create({
      'min.insync.replicas': '1',
      'unclean.leader.election.enable': 'true',
      ...configs,
    })
    return partition
  }

  /** Appends records, ten a batch, each with a value of its own. They are on every replica in sync. Returns the values. */
  async append(records: number, { valueBytes = 0 } = {}): Promise<string[]> {
    const appended = messages(this.#appended, this.#appended + records).map((message) => ({
      ...message,
      value: `${message.value}`.padEnd(valueBytes, '.'),
    }))
    this.#appended += records
    const batches = Array.from({ length: Math.ceil(records / RECORDS_A_BATCH) }, (_, batch) =>
      appended.slice(batch * RECORDS_A_BATCH, (batch + 1) * RECORDS_A_BATCH),
    )
    await this.#bench.produce(this.topic, batches)
    return appended.map(({ value }) => value)
  }

  /** Ends a broker that follows: from now on its replica lacks what is appended. */
  async leaveBehind(broker: number): Promise<void> {
    await this.#cluster.broker(broker).stop()
    await this.#until(`broker ${broker} leaves the in-sync replicas`, ({ isr }) => !isr.includes(broker))
  }

  /** Ends all replicas: nobody leads. */
  async endAll(): Promise<void> {
    await Promise.all(this.#replicas.map((replica) => this.#cluster.broker(replica).stop()))
    await this.#until('nobody leads', ({ leader }) => leader === NOBODY)
  }

  /** Kills the broker that leads, and returns the one that leads then. */
  async killLeader(): Promise<number> {
    const { leader } = await this.#state()
    await this.#cluster.broker(leader).kill()
    const next = await this.#until('another leads', (state) => ![leader, NOBODY].includes(state.leader))
    return next.leader
  }

  /** Kills all other replicas at once and starts this one, which then leads with what it has. */
  async electUncleanly(broker: number): Promise<void> {
    await this.#leaveOnly(broker)
    await this.#until(`broker ${broker} leads`, ({ leader }) => leader === broker)
  }

  /** {@link ReplicatedPartition.electUncleanly} by an operator's hand, for a topic that does not allow it by itself. */
  async forceElection(broker: number): Promise<void> {
    await this.#leaveOnly(broker)
    await this.#until('nobody leads', ({ leader }) => leader === NOBODY)
    await kafkaTool('kafka4', 'leader-election', [
      ...['--bootstrap-server', this.#cluster.brokers.join(','), '--election-type', 'unclean'],
      ...['--topic', this.topic, '--partition', '0'],
    ])
    await this.#until(`broker ${broker} leads`, ({ leader }) => leader === broker)
  }

  /** Starts a broker again. When it is in sync, its replica has dropped what the leader does not have. */
  async rejoin(broker: number): Promise<void> {
    await this.#cluster.broker(broker).start()
    await this.#until(`broker ${broker} is in sync`, ({ isr }) => isr.includes(broker))
  }

  /** Gives the partition other replicas, and returns once they have all of it. */
  async replicateTo(replicas: readonly number[]): Promise<void> {
    const file = join(this.#cluster.broker(replicas[0] ?? 1).dataDirectory, 'reassignment.json')
    const partitions = [{ topic: this.topic, partition: 0, replicas }]
    await writeFile(file, JSON.stringify({ version: 1, partitions }))
    await kafkaTool('kafka4', 'reassign-partitions', [
      ...['--bootstrap-server', this.#cluster.brokers.join(','), '--reassignment-json-file', file, '--execute'],
    ])
    this.#replicas = replicas
    await this.#until('all replicas are in sync', ({ isr }) => isr.length === replicas.length)
  }

  /** The values of all records, as Kafka's own consumer reads them. */
  async values(): Promise<string[]> {
    return this.#bench.shown(this.topic, Number((await this.#bench.offsets(this.topic)).high))
  }

  /** The log of a replica, byte for byte. */
  async logOf(broker: number): Promise<Buffer> {
    return readFile(this.#file(broker, '00000000000000000000.log'))
  }

  /** The leader epochs in the log of a replica, oldest first. */
  async epochsOf(broker: number): Promise<LeaderEpochStart[]> {
    // Two lines of header: the version and how many follow.
    const lines = (await readFile(this.#file(broker, 'leader-epoch-checkpoint'), 'utf8')).trim().split('\n').slice(2)
    return lines.map((line) => {
      const [epoch = '', from = ''] = line.split(' ')
      return { epoch: Number(epoch), from: BigInt(from) }
    })
  }

  async #create(configs: Readonly<Record<string, string>>): Promise<void> {
    const configEntries = Object.entries(configs).map(([name, value]) => ({ name, value }))
    const replicaAssignment = [{ partition: 0, replicas: [...this.#replicas] }]
    await this.#bench.create({ topic: this.topic, replicaAssignment, configEntries })
    await this.#until('all replicas are in sync', ({ isr }) => isr.length === this.#replicas.length)
  }

  async #leaveOnly(broker: number): Promise<void> {
    const others = this.#replicas.filter((replica) => replica !== broker)
    await Promise.all(others.map((replica) => this.#cluster.broker(replica).kill()))
    await this.#cluster.broker(broker).start()
  }

  async #state(): Promise<PartitionState> {
    try {
      const { topics } = await this.#bench.admin((admin) => admin.fetchTopicMetadata({ topics: [this.topic] }))
      const partition = topics[0]?.partitions[0]
      if (partition !== undefined) return partition
    } catch (error) {
      // kafkajs takes a partition without a leader for an error.
      if (isLeaderless(error)) return { leader: NOBODY, isr: [] }
      throw error
    }
    throw new Error(`${this.topic} is not known yet`)
  }

  async #until(what: string, holds: (state: PartitionState) => boolean): Promise<PartitionState> {
    return eventually(
      async () => {
        const state = await this.#state()
        if (holds(state)) return state
        throw new Error(`waited in vain until ${what}: the leader is ${state.leader}, in sync are ${state.isr}`)
      },
      { limitMs: LIMIT_MS, intervalMs: INTERVAL_MS },
    )
  }

  #file(broker: number, name: string): string {
    return join(this.#cluster.broker(broker).partitionsDirectory, `${this.topic}-0`, name)
  }
}

function isLeaderless(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return ('type' in error && error.type === 'LEADER_NOT_AVAILABLE') || isLeaderless(error.cause)
}
