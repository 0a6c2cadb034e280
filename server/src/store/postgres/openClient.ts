import { after } from '@anchorleg/shared'
import pg from 'pg'
import type { PostgresAddress } from './address.js'
import { assure, endUnheard } from './assure.js'
import { lose } from './stream.js'
import { unpack } from './text.js'

/** How long a connection may take until it can be used, in ms. */
const openTimeout = 3_500

/** After so long of silence, in ms, the system asks whether the other end is still there. */
const keepAliveDelay = 10_000

/** What a connection is for: it shows in `pg_stat_activity`. */
export type Purpose = 'store' | 'interest' | 'upkeep' | 'signals' | 'migrate'

/** What is said over these are hints: with a server that loses some the connection is lost as well, and everything is read again. */
const hinting: ReadonlySet<Purpose> = new Set(['interest', 'signals'])

/** How long a statement may take, and how long it may wait for a lock: with people waiting, less than they do. */
const timeouts: Readonly<Record<Purpose, { readonly statement: string; readonly lock: string }>> = {
  store: { statement: '4s', lock: '3s' },
  interest: { statement: '4s', lock: '3s' },
  signals: { statement: '4s', lock: '3s' },
  upkeep: { statement: '30s', lock: '5s' },
  migrate: { statement: '30s', lock: '5s' },
}

const textsOf = pg.types.getTypeParser(1009 as never) as (list: string) => string[]
const partsOf = (list: string) => list.slice(1, -1).split(',')

/** Numbers beyond 2⁵³ occur in no column; text may hold what only {@link unpack} reads. Lists of what needs no quotes are cut at their commas. */
const parsers: Readonly<Record<number, (text: string) => unknown>> = {
  16: (text) => text === 't',
  20: Number,
  25: unpack,
  1000: (list) => partsOf(list).map((text) => text === 't'),
  1016: (list) => partsOf(list).map(Number),
  1009: (list) => textsOf(list).map(unpack),
  2951: partsOf,
}
const types = { getTypeParser: (oid: number) => parsers[oid] ?? pg.types.getTypeParser(oid) } as pg.CustomTypesConfig

/**
 * Opens a connection of its own, that is: no pool's. Statements that are asked one after the other go out without waiting for
 * each other's answers. Whoever opens it listens to its `error` and `end`, and ends it. Rejects when the server is a standby,
 * or waits for one.
 */
export async function openClient({ url, schema }: PostgresAddress, purpose: Purpose): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: url,
    application_name: `anchorleg ${purpose}`,
    keepAlive: true,
    keepAliveInitialDelayMillis: keepAliveDelay,
    pipeline: true,
    types,
  } as pg.ClientConfig)
  // Without a listener, a connection that is lost would end the process.
  client.on('error', () => {})
  client.on('notice', (notice) => endUnheard(client, notice))
  const inTime = after(openTimeout, () => lose(client, new Error(`no connection within ${openTimeout} ms`)))
  try {
    await client.connect()
    await client.query(sessionSettings(schema, purpose))
    await assure(client)
    if (hinting.has(purpose)) await client.query('SET synchronous_commit = off')
    return client
  } catch (error) {
    void client.end().catch(() => {})
    throw error
  } finally {
    inTime()
  }
}

/**
 * Every statement of the store is a walk along an index, whatever the statistics of tables that fill and empty within seconds
 * say; so plans are made once, other ways are shut, and a walk of a whole index looks as dear as it will be once the table is
 * full. Durability is raised to `on` where it is less, never lowered.
 */
function sessionSettings(schema: string, purpose: Purpose): string {
  const { statement, lock } = timeouts[purpose]
  return `
    SET search_path = "${schema}", pg_catalog;
    SET plan_cache_mode = force_generic_plan;
    SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_bitmapscan = off;
    SET cpu_tuple_cost = 1; SET cpu_index_tuple_cost = 1; SET random_page_cost = 1;
    SET jit = off;
    SET client_min_messages = warning;
    SET statement_timeout = '${statement}'; SET lock_timeout = '${lock}'; SET idle_in_transaction_session_timeout = '5s';
    SELECT set_config('synchronous_commit', CASE WHEN current_setting('synchronous_commit') IN ('off', 'local') THEN 'on'
      ELSE current_setting('synchronous_commit') END, false)`
}
