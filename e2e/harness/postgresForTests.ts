import { PostgresServer } from './postgresServer.js'

/**
 * The one PostgreSQL of a test run, as a global setup of Vitest and Playwright: its address is in `ANCHORLEG_TEST_POSTGRES_URL`,
 * which the tests' processes inherit. Set beforehand, it names a server that is used instead, and none is started.
 *
 * A place of a test's own costs nothing to make: a store at `<the address>?schema=<a fresh name>` makes the schema itself.
 */
export default async function postgresForTests(): Promise<() => Promise<void>> {
  if (process.env.ANCHORLEG_TEST_POSTGRES_URL) return async () => {}
  const server = await PostgresServer.start(['max_connections=300'])
  process.env.ANCHORLEG_TEST_POSTGRES_URL = server.url
  return () => server.close()
}
