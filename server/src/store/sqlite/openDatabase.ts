import { accessSync, constants, existsSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { StoreRefused } from '../store.js'
import { migrate } from './schema.js'

/** The name of a database that lives in memory. */
export const inMemory = ':memory:'

/** How long to wait for a hub that is just closing the same file, in ms. */
const handover = 500

/** Pages of the write-ahead log between two checkpoints, and the bytes it keeps on disk after one that needed more. */
const checkpoint = { pages: 4_000, keptBytes: 64 * 1024 * 1024 }

/** Memory for pages, in KiB. */
const cacheKiB = 64 * 1024

/**
 * Opens a database and brings its schema up to date. A file is held exclusively until it is closed. A commit has reached the
 * disk only when the log was synced after it (`syncLog`).
 * @param file an absolute path, or {@link inMemory}
 * @throws {StoreRefused} saying why it cannot be opened
 */
export function openDatabase(file: string): Database.Database {
  let db: Database.Database | undefined
  try {
    if (file !== inMemory) lookAt(file)
    db = new Database(file, { timeout: handover })
    configure(db)
    migrate(db)
    return db
  } catch (error) {
    db?.close()
    throw new StoreRefused(`Cannot open ${file}: ${reasonOf(error)}.`, { cause: error })
  }
}

/** What SQLite itself would report as something else, or take for what it is not. */
function lookAt(file: string): void {
  if (!existsSync(dirname(file))) throw new StoreRefused(`the folder ${dirname(file)} does not exist`)
  if (!existsSync(file)) return
  try {
    accessSync(file, constants.W_OK)
  } catch (error) {
    throw new StoreRefused('it is not writable', { cause: error })
  }
}

function configure(db: Database.Database): void {
  // Before the log is first used: then its index lives in memory, no other process can join, and a second hub is refused.
  db.pragma('locking_mode = EXCLUSIVE')
  if (!db.memory) {
    const journal = db.pragma('journal_mode = WAL', { simple: true })
    if (journal !== 'wal') throw new StoreRefused(`it does not take a write-ahead log (its journal is "${journal}")`)
  }
  // The log is synced at checkpoints, so that the file stays whole; and, before anything is acknowledged, by `syncLog`.
  db.pragma('synchronous = NORMAL')
  // On macOS fsync alone leaves the data in the drive's cache; elsewhere these change nothing.
  db.pragma('fullfsync = ON')
  db.pragma('checkpoint_fullfsync = ON')
  db.pragma(`wal_autocheckpoint = ${checkpoint.pages}`)
  db.pragma(`journal_size_limit = ${checkpoint.keptBytes}`)
  db.pragma(`cache_size = -${cacheKiB}`)
  db.pragma('trusted_schema = OFF')
}

function reasonOf(error: unknown): string {
  if (error instanceof StoreRefused) return error.message
  const code = error instanceof Database.SqliteError ? error.code : ''
  if (code.startsWith('SQLITE_BUSY')) return 'another process holds it; one hub at a time may open a file'
  if (code === 'SQLITE_NOTADB') return 'it is not an SQLite database'
  if (code.startsWith('SQLITE_CORRUPT')) return 'it is damaged'
  if (code.startsWith('SQLITE_READONLY')) return 'it is not writable'
  if (code.startsWith('SQLITE_CANTOPEN')) return 'it is not a file that can be read and written here'
  if (code === 'SQLITE_FULL') return 'the disk is full'
  return error instanceof Error ? error.message : String(error)
}
