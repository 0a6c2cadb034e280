import { isFinished } from '@anchorleg/shared'
import { retry as transition } from '../../lifecycle.js'
import type { Retried } from '../store.js'
import { lock } from './attemptRows.js'
import { findRefsOf, jobsOf } from './find.js'
import type { Inside, Means } from './operations.js'
import type { Statement } from './transaction.js'

const reopenJobs: Statement = {
  name: 'reopenJobs',
  text: `UPDATE jobs SET state = given.state, max_attempts = given.max_attempts, due_at = $4::bigint, finished_at = NULL, cancel_codec = NULL,
      cancel_reason = NULL, cancel_by = NULL, attended_at = NULL
    FROM unnest($1::bigint[], $2::text[], $3::integer[]) AS given (id, state, max_attempts) WHERE jobs.id = given.id`,
}

/** Prepares reopening jobs that have ended. Whoever asks for that wants it to run, attended or not. */
export function retry(means: Means): Inside<'retry'> {
  return async (tx, lookups) => {
    const found = await findRefsOf(tx, lookups, means)
    const rows = await lock(tx, jobsOf(found))
    const reopened = new Map<number, ReturnType<typeof transition>>()
    const retried = found.map((each): Retried => {
      if (each === undefined) return { type: 'not_found' }
      const row = each === 'tombstone' ? undefined : rows.get(each.jobId)
      if (!row) return { type: 'expired' }
      if (reopened.has(row.id) || !isFinished(row.state)) return { type: 'unfinished' }
      reopened.set(row.id, transition(row))
      return { type: 'retried', waiter: { jobId: String(row.id), queue: row.queue, name: row.name, attempt: row.attempt, run: row.runs } }
    })
    const states = [...reopened.values()]
    const columns = [[...reopened.keys()], states.map(({ state }) => state), states.map(({ maxAttempts }) => maxAttempts)] as const
    if (states.length > 0) await tx.rows(reopenJobs, ...columns, means.clock.now())
    return retried
  }
}
