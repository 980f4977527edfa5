import { test } from 'vitest'

/** Vitest's `test` with a minute for each: some tests of the contract put a thousand objects. */
export function testWithTime(name: string, body: () => Promise<void>): void {
  test(name, body, 60_000)
}
