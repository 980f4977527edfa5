/** A server that runs as a process of its own. It is killed, and its temporary folder deleted, when its starter ends. */
export interface Service {
  /** Names it in messages, and its folder and its log. */
  readonly name: string
  /** Id of the server's process. */
  readonly pid: number
  /** Everything the server keeps. Start with the same one (and the same port) to have the same server again. */
  readonly dataDirectory: string
  /** What the server prints, over all starts on this folder. */
  readonly logFile: string
  /** Asks the server to end (SIGTERM), waits, and kills it when that takes too long. Its data stays. */
  stop(): Promise<void>
  /** Ends the server as a crash does (SIGKILL), and waits. Its data stays. */
  kill(): Promise<void>
  /** Kills the server and deletes its data. */
  destroy(): Promise<void>
  /** From now on the server runs on when its starter ends; whoever does this has to end it by its `pid`. */
  outliveOwner(): void
}

/** What every server can be started with. */
export interface ServiceOptions {
  /**
   * Folder of an earlier start, whose data the server goes on with.
   *
   * @defaultValue a new temporary folder
   */
  readonly dataDirectory?: string | undefined
  /**
   * Port to listen on, on 127.0.0.1.
   *
   * @defaultValue a free one
   */
  readonly port?: number | undefined
}

/** {@link ServiceOptions} of the servers that have a configuration file of names and values. */
export interface ConfigurableServiceOptions extends ServiceOptions {
  /** Settings of the server, on top of (and before) those that make it quick and small. */
  readonly properties?: Readonly<Record<string, string>> | undefined
}

/** A running ZooKeeper. */
export interface ZooKeeperService extends Service {
  readonly port: number
  /** Connect string: `host:port`. */
  readonly connect: string
}

/** A running Kafka broker that is a whole cluster. */
export interface KafkaService extends Service {
  readonly port: number
  /** Bootstrap list with the one broker, as Kafka clients take it. */
  readonly brokers: string[]
  /** The broker's `log.dirs`: one folder per partition, `<topic>-<partition>`, with its segment files. */
  readonly partitionsDirectory: string
}

/** A running S3 server. */
export interface S3Service extends Service {
  readonly port: number
  readonly endpoint: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}
