import { closeSync, fdatasync, fdatasyncSync, openSync } from 'node:fs'
import { promisify } from 'node:util'
import type Database from 'better-sqlite3'
import type { Sync } from './departures.js'

/** What brings a database's write-ahead log to the disk. */
export interface LogSync extends Sync {
  close(): void
}

/** The two ways in which the system syncs a file. */
interface Flush {
  soon(fd: number): Promise<void>
  now(fd: number): void
}

/**
 * Opens the write-ahead log of a file that `openDatabase` has opened. Syncing it is all that `synchronous = FULL` does beyond
 * NORMAL (SQLite: PRAGMA synchronous); done here it can run beside the next transaction. On macOS Node syncs through the
 * drive's cache, as `fullfsync` does.
 *
 * After a failed sync a system may take what it could not write for written, so trying again proves nothing. From then on
 * the log counts only once a checkpoint has copied it into the database and synced that.
 */
export function syncLog(db: Database.Database, flush: Flush = { soon: promisify(fdatasync), now: fdatasyncSync }): LogSync {
  const fd = openSync(`${db.name}-wal`, 'r+')
  let doubted = false
  const copy = () => {
    doubted = true
    const busy = db.pragma('wal_checkpoint(TRUNCATE)', { simple: true })
    if (busy !== 0) throw new Error('its log cannot be copied')
    doubted = false
  }
  return {
    async soon() {
      if (!doubted) await flush.soon(fd).catch(copy)
      else copy()
    },
    now() {
      if (doubted) return copy()
      try {
        flush.now(fd)
      } catch {
        copy()
      }
    },
    close: () => closeSync(fd),
  }
}
