/** A test runner's `it` or `test`: those of vitest, `node:test`, mocha and jest all fit. */
export type TestFunction = (name: string, body: () => Promise<void>) => unknown
