/** Makes the function that opens sockets for a `Kafka` that was given no socket factory. */
declare module 'kafkajs/src/network/socketFactory.js' {
  const socketFactory: () => (options: object) => unknown
  export = socketFactory
}
