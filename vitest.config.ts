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

// Where .ci/run reads the counts from.
const results = process.env['KAFKEEP_TEST_RESULTS']

export default defineConfig({
  resolve: { alias },
  test: {
    reporters: results === undefined ? ['default'] : ['default', ['json', { outputFile: results }]],
    projects: [
      { extends: true, test: { name: 'package', include: ['test/package/**/*.test.ts'], testTimeout: 60_000 } },
      // Properties run many times, and a machine may be busy.
      { extends: true, test: { name: 'unit', include: ['test/unit/**/*.test.ts'], testTimeout: 30_000 } },
      {
        extends: true,
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          globalSetup: ['test/services/vitest-setup.ts'],
          // Real servers need memory and processors, but what takes long is mostly waiting for them.
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
          testTimeout: 120_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
})
