import { resolve } from 'node:path'
import { postgresAddress } from './postgres/address.js'
import { migratePostgres, openPostgresStore } from './postgres/openPostgresStore.js'
import { inMemory } from './sqlite/openDatabase.js'
import { openSqliteStore } from './sqlite/sqliteStore.js'
import { type Store, StoreRefused, type StoreSettings } from './store.js'

/**
 * Opens the store at an address: `sqlite:<path>` for a file, `postgres://…` for a database that many hubs share, `memory:` for
 * one that lives and ends with this process.
 * @throws {StoreRefused} when the address names none, or it cannot be opened
 */
export async function openStore(address: string, settings: StoreSettings): Promise<Store> {
  if (settings.skew && !(settings.skew.buffer instanceof SharedArrayBuffer)) {
    throw new StoreRefused('expected skew over a SharedArrayBuffer, got one that no thread can share')
  }
  const postgres = postgresAddress(address)
  return postgres ? openPostgresStore(postgres, settings) : openSqliteStore(fileOf(address), settings)
}

/**
 * Brings the schema at a PostgreSQL address up to date, and opens no store: answers with the version it was at and the one it is at.
 * @throws {StoreRefused} when the address is none, or it cannot be done
 */
export async function migrateStore(address: string): Promise<{ from: number; to: number }> {
  const postgres = postgresAddress(address)
  if (postgres) return migratePostgres(postgres)
  throw new StoreRefused('expected postgres://…: a hub brings any other store up to date when it opens it')
}

function fileOf(address: string): string {
  if (address === 'memory:') return inMemory
  const path = /^sqlite:(.+)$/s.exec(address)?.[1]
  if (path === inMemory) throw new StoreRefused('expected memory: for a store in memory, got sqlite::memory:')
  if (path) return resolve(path)
  // What follows the scheme of a server's address may hold a password.
  const got = /^[^:/]*:\/\//.exec(address)?.[0]
  throw new StoreRefused(`expected sqlite:<path>, postgres://… or memory:, got ${got ? `${got}…` : JSON.stringify(address)}`)
}
