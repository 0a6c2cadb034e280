import { mintLease } from '@anchorleg/shared'
import { jitter } from '../../backoff.js'
import { type Store, StoreRefused, type StoreSettings } from '../store.js'
import { storeClock } from '../storeClock.js'
import { type PostgresAddress, shown } from './address.js'
import { DatabaseClock } from './databaseClock.js'
import { inspectServer, type ServerFacts } from './inspectServer.js'
import { openClient } from './openClient.js'
import { PostgresStore } from './postgresStore.js'
import { RunningFacts } from './runningFacts.js'
import { migrate, schemaVersion } from './schema.js'
import { describe } from './trouble.js'

/**
 * Opens the store in a PostgreSQL database, and brings its schema up to date. Any number of hubs may open it.
 * @throws {StoreRefused} saying why it cannot be opened
 */
export async function openPostgresStore(address: PostgresAddress, settings: StoreSettings): Promise<Store> {
  const clock = new DatabaseClock(settings.skew)
  const latest = await prepared(address, async (client, facts) => {
    settings.opened?.(facts)
    await migrate(client, address.schema)
    await clock.look(client)
    const { rows } = await client.query<{ latest: number | null }>(latestTime)
    return rows[0]?.latest ?? 0
  })
  return new PostgresStore({
    address,
    clock,
    means: { hub: settings.hub ?? mintLease(), settings, clock: storeClock(clock, latest), random: jitter, facts: new RunningFacts() },
  })
}

/**
 * Brings a database's schema up to date, as the first hub would: answers with the version it was at and the one it is at.
 * @throws {StoreRefused}
 */
export function migratePostgres(address: PostgresAddress): Promise<{ from: number; to: number }> {
  return prepared(address, async (client) => ({ from: await migrate(client, address.schema), to: schemaVersion }))
}

async function prepared<T>(
  address: PostgresAddress,
  use: (client: Awaited<ReturnType<typeof openClient>>, facts: ServerFacts) => Promise<T>,
): Promise<T> {
  let client: Awaited<ReturnType<typeof openClient>> | undefined
  try {
    client = await openClient(address, 'migrate')
    return await use(client, await inspectServer(client))
  } catch (error) {
    const reason = error instanceof StoreRefused ? error.message : describe(error)
    throw new StoreRefused(`Cannot open ${shown(address)}: ${reason}.`, { cause: error })
  } finally {
    await client?.end().catch(() => {})
  }
}

/** The latest time that an index or a short walk can tell of: when a job was last stored, claimed or finished. */
const latestTime = `SELECT greatest(
  (SELECT inserted_at FROM jobs ORDER BY id DESC LIMIT 1),
  (SELECT max(attempted_at) FROM jobs WHERE state = 'executing'),
  (SELECT finished_at FROM jobs WHERE finished_at IS NOT NULL ORDER BY finished_at DESC LIMIT 1)) AS latest`
