import { randomBytes } from 'node:crypto'

/** The address of a place of one test's own in the run's PostgreSQL: a store that is opened there makes it. */
export function freshSchema(): string {
  const url = new URL(process.env.ANCHORLEG_TEST_POSTGRES_URL ?? '')
  url.searchParams.set('schema', `test_${randomBytes(8).toString('hex')}`)
  return url.href
}
