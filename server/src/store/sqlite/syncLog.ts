import { closeSync, fdatasync, openSync } from 'node:fs'
import { promisify } from 'node:util'
import type Database from 'better-sqlite3'

/** What brings a database's write-ahead log to the disk. */
export interface LogSync {
  /** Resolves when everything committed before the call is on the disk; rejects when the disk does not take it. */
  sync(): Promise<void>
  close(): void
}

/**
 * Opens the write-ahead log of a file that `openDatabase` has opened. Syncing it is all that `synchronous = FULL` does beyond
 * NORMAL (SQLite: PRAGMA synchronous); done here it runs beside the next transaction. On macOS Node syncs through the drive's
 * cache, as `fullfsync` does.
 *
 * After a failed sync a system may take what it could not write for written, so trying again proves nothing. From then on
 * the log counts only once a checkpoint has copied it into the database and synced that.
 */
export function syncLog(db: Database.Database, flush: (fd: number) => Promise<void> = promisify(fdatasync)): LogSync {
  const fd = openSync(`${db.name}-wal`, 'r+')
  let doubted = false
  return {
    async sync() {
      if (!doubted) {
        try {
          return await flush(fd)
        } catch {
          doubted = true
        }
      }
      const busy = db.pragma('wal_checkpoint(TRUNCATE)', { simple: true })
      if (busy !== 0) throw new Error('its log cannot be copied')
      doubted = false
    },
    close: () => closeSync(fd),
  }
}
