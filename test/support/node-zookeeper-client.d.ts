/** The client has no types of its own; these are the parts that tests and examples use. */
declare module 'node-zookeeper-client' {
  export interface Client {
    connect(): void
    close(): void
    once(event: 'connected' | 'disconnected', listener: () => void): this
    create(path: string, data: Buffer, mode: number, callback: (error: Error | null, path: string) => void): void
    exists(path: string, callback: (error: Error | null, stat: object | null) => void): void
    getData(path: string, callback: (error: Error | null, data: Buffer | undefined) => void): void
    getChildren(path: string, callback: (error: Error | null, names: readonly string[]) => void): void
    setData(path: string, data: Buffer, callback: (error: Error | null) => void): void
  }
  export interface ClientOptions {
    readonly sessionTimeout?: number
    readonly spinDelay?: number
  }
  export function createClient(connectionString: string, options?: ClientOptions): Client
  export const CreateMode: {
    readonly PERSISTENT: number
    readonly EPHEMERAL: number
    readonly PERSISTENT_SEQUENTIAL: number
  }
}
