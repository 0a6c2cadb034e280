import { resolve } from 'node:path'
import { inMemory } from './sqlite/openDatabase.js'
import { openSqliteStore } from './sqlite/sqliteStore.js'
import { type Store, StoreRefused, type StoreSettings } from './store.js'

/**
 * Opens the store at an address: `sqlite:<path>` for a file, `memory:` for one that lives and ends with this process.
 * @throws {StoreRefused} when the address names none, or it cannot be opened
 */
export async function openStore(address: string, settings: StoreSettings): Promise<Store> {
  if (settings.skew && !(settings.skew.buffer instanceof SharedArrayBuffer)) {
    throw new StoreRefused('expected skew over a SharedArrayBuffer, got one that no thread can share')
  }
  return openSqliteStore(fileOf(address), settings)
}

function fileOf(address: string): string {
  if (address === 'memory:') return inMemory
  const path = /^sqlite:(.+)$/s.exec(address)?.[1]
  if (path === inMemory) throw new StoreRefused('expected memory: for a store in memory, got sqlite::memory:')
  if (path) return resolve(path)
  // What follows the scheme of a server's address may hold a password.
  const got = /^[^:/]*:\/\//.exec(address)?.[0]
  const hint = got?.startsWith('postgres') ? ' (PostgreSQL is not in this version)' : ''
  throw new StoreRefused(`expected sqlite:<path> or memory:, got ${got ? `${got}…` : JSON.stringify(address)}${hint}`)
}
