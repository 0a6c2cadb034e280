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

/** Three hubs on one PostgreSQL must do all that one on SQLite does: every scenario is played in such a house, too, but for these. */
const notClustered: Readonly<Record<string, string>> = {
  clusters: 'makes its hubs itself, wherever it is played',
  storeFiles: 'is about SQLite’s files',
  command: 'is about what the command says before there is a hub',
  readme: 'runs the README as printed, with the hub that is in it',
  metrics: 'reads what one hub counts: each of several counts its own',
  ...(!process.env.ANCHORLEG_LONG_TESTS && {
    patience: 'waits for half a minute; what it has about several hubs it plays with several',
    leaseKeeping: 'keeps a processor busy for half a minute to see what a worker’s threads do, at whatever hub',
  }),
}

/** Two of its houses at a time in one file: each is three hubs to start. */
const clustered = {
  env: { ANCHORLEG_TEST_HOUSE: 'cluster' },
  exclude: Object.keys(notClustered).map((name) => `e2e/scenarios/${name}.test.ts`),
  maxConcurrency: 2,
}

/** Starts the run's one PostgreSQL, for the projects whose tests use it. */
const globalSetup = './e2e/harness/postgresForTests.ts'
const onPostgres = ['server', 'scenarios', 'cluster']

/** Whose tests end processes, and wait for others to come back. */
const waitingLong = new Set(['scenarios', 'cluster', 'faults', 'hostile', 'bench'])

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    passWithNoTests: true,
    testTimeout: 20_000,
    hookTimeout: 30_000,
    teardownTimeout: 10_000,
    projects: Object.entries({ ...folders, cluster: folders.scenarios }).map(([name, include]) => ({
      extends: true as const,
      test: {
        name,
        include,
        ...(waitingLong.has(name) && { testTimeout: 60_000 }),
        ...(name === 'cluster' && clustered),
        ...(onPostgres.includes(name) && { globalSetup }),
      },
    })),
  },
})
