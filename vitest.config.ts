import { defineConfig } from 'vitest/config'

const folders = {
  shared: ['shared/test/**/*.test.ts'],
  client: ['client/test/**/*.test.ts'],
  server: ['server/test/**/*.test.ts'],
  scenarios: ['e2e/scenarios/**/*.test.ts'],
  history: ['e2e/history/**/*.test.ts'],
  hostile: ['e2e/hostile/**/*.test.ts'],
  faults: ['e2e/faults/**/*.test.ts'],
  bench: ['e2e/bench/**/*.test.ts'],
  examples: ['examples/*/test/**/*.test.ts'],
  scripts: ['scripts/test/**/*.test.ts'],
}

/** What three hubs on one PostgreSQL must do as one on SQLite does: these scenarios are played in such a house, too. */
const clustered = 'relays outcomes retries seedTable seedExamples values undecodable watching cancellations queues uniqueJobs schedules leases drains'
const cluster = clustered.split(' ').map((name) => `e2e/scenarios/${name}.test.ts`)

/** Starts the run's one PostgreSQL, for the projects whose tests use it. */
const globalSetup = './e2e/harness/postgresForTests.ts'
const onPostgres = ['server', 'scenarios', 'cluster']

/** Whose tests end processes, and wait for others to come back. */
const waitingLong = new Set(['scenarios', 'cluster', 'faults', 'hostile'])

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    passWithNoTests: true,
    testTimeout: 20_000,
    hookTimeout: 30_000,
    teardownTimeout: 10_000,
    projects: Object.entries({ ...folders, cluster }).map(([name, include]) => ({
      extends: true as const,
      test: {
        name,
        include,
        ...(waitingLong.has(name) && { testTimeout: 60_000 }),
        ...(name === 'cluster' && { env: { ANCHORLEG_TEST_HOUSE: 'cluster' } }),
        ...(onPostgres.includes(name) && { globalSetup }),
      },
    })),
  },
})
