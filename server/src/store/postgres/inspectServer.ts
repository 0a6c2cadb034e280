import type pg from 'pg'
import { StoreRefused } from '../store.js'

/** What a hub's log says of the server it stores in. */
export interface ServerFacts extends Record<string, string> {
  readonly version: string
  readonly fsync: string
  readonly synchronous_commit: string
  readonly full_page_writes: string
}

/**
 * Reads how safe the server keeps what it has acknowledged.
 * @throws {StoreRefused} when it does not wait for its disk: what was acknowledged could be lost with the power
 */
export async function inspectServer(client: pg.Client): Promise<ServerFacts> {
  const { rows } = await client.query<ServerFacts & { number: string }>(
    `SELECT current_setting('server_version') AS version, current_setting('server_version_num') AS number, current_setting('fsync') AS fsync,
       current_setting('synchronous_commit') AS synchronous_commit, current_setting('full_page_writes') AS full_page_writes`,
  )
  const [facts] = rows
  if (!facts) throw new StoreRefused('the server does not tell its settings')
  if (Number(facts.number) < oldest * 10_000) throw new StoreRefused(`expected PostgreSQL ${oldest} or later, got ${facts.version}`)
  if (facts.fsync !== 'on') throw new StoreRefused('its fsync is off: what it acknowledges may be lost with the power')
  const { version, fsync, synchronous_commit, full_page_writes } = facts
  return { version, fsync, synchronous_commit, full_page_writes }
}

/** The oldest PostgreSQL that has all that is used here. */
const oldest = 14
