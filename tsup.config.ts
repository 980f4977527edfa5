import { defineConfig } from 'tsup'

export default defineConfig({
  entry: {
    index: 'src/index.ts',
    s3: 'src/storage/s3.ts',
    kafkajs: 'src/kafka/kafkajs.ts',
    'node-zookeeper-client': 'src/zookeeper/node-zookeeper-client.ts',
    testing: 'src/testing/index.ts',
  },
  format: 'esm',
  target: 'node20',
  dts: true,
  clean: true,
  sourcemap: true,
})
