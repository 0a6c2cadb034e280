import { defineConfig } from 'vitest/config'

const folders = {
  shared: ['shared/test/**/*.test.ts'],
  client: ['client/test/**/*.test.ts'],
  server: ['server/test/**/*.test.ts'],
  scenarios: ['e2e/scenarios/**/*.test.ts'],
  history: ['e2e/history/**/*.test.ts'],
  faults: ['e2e/faults/**/*.test.ts'],
  bench: ['e2e/bench/**/*.test.ts'],
  examples: ['examples/*/test/**/*.test.ts'],
  scripts: ['scripts/test/**/*.test.ts'],
}

/** Starts the run's one PostgreSQL, for the projects whose tests use it. */
const globalSetup = './e2e/harness/postgresForTests.ts'
const onPostgres = ['server', 'scenarios']

/** Whose tests end processes, and wait for others to come back. */
const waitingLong = new Set(['scenarios', 'faults'])

/** Waits for the store that it breaks. */
const notYet = ['e2e/faults/postgres.test.ts']

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    passWithNoTests: true,
    testTimeout: 20_000,
    hookTimeout: 30_000,
    teardownTimeout: 10_000,
    projects: Object.entries(folders).map(([name, include]) => ({
      extends: true as const,
      test: {
        name,
        include,
        exclude: notYet,
        ...(waitingLong.has(name) && { testTimeout: 60_000 }),
        ...(onPostgres.includes(name) && { globalSetup }),
      },
    })),
  },
})
