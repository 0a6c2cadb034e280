import pg from 'pg'

/** Whether others were in the way: a deadlock, or a lost race of two transactions. Nothing stands, and it may be tried again. */
export function isConflict(error: unknown): boolean {
  return error instanceof RaceLost || (error instanceof pg.DatabaseError && (error.code === '40P01' || error.code === '40001'))
}

/** Another hub has just done what an operation was about to do: it begins again, and sees it. */
export class RaceLost extends Error {
  override readonly name = 'RaceLost'
}

/**
 * Whether a connection is of no more use: it broke, or the server is ending, or has become one that only reads. What the
 * server answers about a statement is no such thing.
 */
export function isLoss(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return /^(?:08|57P|25006|25P03|53)/.test(error.code ?? '')
  return (
    error instanceof Error &&
    !(error instanceof RaceLost) &&
    !(error instanceof TypeError) &&
    /connection|ECONN|EPIPE|ETIMEDOUT|not queryable/i.test(error.message)
  )
}

/** What went wrong, without anything that was in the statement. */
export function describe(error: unknown): string {
  if (error instanceof pg.DatabaseError) return `PostgreSQL says: ${error.message} (${error.code})`
  if (error instanceof AggregateError) return error.errors.map(describe).join('; ')
  return error instanceof Error ? `PostgreSQL: ${error.message}` : String(error)
}
