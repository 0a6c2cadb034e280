import Database from 'better-sqlite3'
import type { Answer, Means, Method, Operations, Request } from './operations.js'

/** What SQLite says when the database as a whole cannot be written or read, whichever request it was that met it. */
const disasters = /^SQLITE_(?:FULL|IOERR|NOMEM|CORRUPT|NOTADB|CANTOPEN|READONLY|BUSY|LOCKED|PROTOCOL|PERM)/

/**
 * Prepares running requests in one transaction, so that one sync of the disk stands for all of them. When it fails as a
 * whole, nothing of it stands, and every request is answered with the trouble. When a single request is at fault, each runs
 * again by itself, so that its neighbours do not pay for it.
 */
export function groupCommit({ db, tally }: Pick<Means, 'db' | 'tally'>, operations: Operations): (requests: readonly Request[]) => Answer[] {
  const begin = db.prepare('BEGIN IMMEDIATE')
  const commit = db.prepare('COMMIT')
  const rollback = db.prepare('ROLLBACK')

  const together = (requests: readonly Request[]): Answer[] => {
    begin.run()
    try {
      const answers = requests.map(({ id, method, args }) => ({ id, value: perform(operations, method as Method, args) }))
      commit.run()
      tally.keep()
      return answers
    } catch (error) {
      // SQLite may have rolled back by itself already.
      if (db.inTransaction) rollback.run()
      tally.undo()
      throw error
    }
  }

  const attempt = (requests: readonly Request[]): Answer[] => {
    try {
      return together(requests)
    } catch (error) {
      if (requests.length === 1 || isDisaster(error)) return requests.map(({ id }) => ({ id, trouble: describe(error) }))
      return requests.flatMap((request) => attempt([request]))
    }
  }
  return attempt
}

function perform(operations: Operations, method: Method, args: readonly unknown[]): unknown {
  const operation = operations[method] as (...args: readonly unknown[]) => unknown
  return operation(...args)
}

function isDisaster(error: unknown): boolean {
  return error instanceof Database.SqliteError && disasters.test(error.code)
}

function describe(error: unknown): string {
  if (error instanceof Database.SqliteError) return `${error.code}: ${error.message}`
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
