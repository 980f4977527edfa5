import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url))

const alias = [
  { find: /^kafkeep$/, replacement: source('./src/index.ts') },
  { find: /^kafkeep\/s3$/, replacement: source('./src/storage/s3.ts') },
  { find: /^kafkeep\/kafkajs$/, replacement: source('./src/kafka/kafkajs.ts') },
  { find: /^kafkeep\/node-zookeeper-client$/, replacement: source('./src/zookeeper/node-zookeeper-client.ts') },
  { find: /^kafkeep\/testing$/, replacement: source('./src/testing/index.ts') },
]

export default defineConfig({
  resolve: { alias },
  test: {
    reporters: ['default'],
    projects: [
      { extends: true, test: { name: 'unit', include: ['test/unit/**/*.test.ts'] } },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          globalSetup: ['test/services/vitest-setup.ts'],
          // Real servers on two cores: files run one after the other.
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
})
