import type { Lookup } from '../store.js'
import { finding, findingOf } from './find.js'
import type { Means } from './operations.js'
import type { Statement, Transaction } from './transaction.js'

/** Whoever ends one of these jobs while this is not stored yet waits for it, or is waited for: then the job is found ended. */
const noteInterest: Statement = {
  name: 'noteInterest',
  text: `UPDATE jobs SET elsewhere = true WHERE id = ANY (ARRAY(
      SELECT jobs.id FROM ${finding} JOIN jobs ON jobs.id = found.job_id
      WHERE jobs.finished_at IS NULL AND NOT jobs.elsewhere AND jobs.hub IS DISTINCT FROM $4::uuid ORDER BY jobs.id FOR NO KEY UPDATE OF jobs))`,
}

/**
 * Notes that this hub wants to be told of jobs, by any of their refs, before it reads of them: of those that have not ended, and that
 * it has not stored itself. It is told of its own.
 */
export function heed(means: Means): (tx: Transaction, lookups: readonly Lookup[]) => Promise<void> {
  return async (tx, lookups) => {
    if (lookups.length > 0) await tx.rows(noteInterest, ...findingOf(lookups, means), means.hub)
  }
}
