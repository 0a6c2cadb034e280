import { type OutcomeRow, outcomeColumns, toOutcome } from '../outcomeRow.js'
import { Page } from '../page.js'
import type { Inspected } from '../store.js'
import { findRefsOf, jobsOf } from './find.js'
import { metaOf, paused } from './jobRows.js'
import type { Inside, Means } from './operations.js'
import type { Statement } from './transaction.js'

type Told = Omit<Extract<Inspected, { type: 'job' }>, 'type' | 'tags' | 'meta' | 'errors' | 'cancelRequested'>

interface InspectedRow extends Told {
  readonly id: number
  readonly tags: string
  readonly meta: string
  readonly snoozed: number
  readonly cancelBy: number | null
}

/** Failed attempts told of a job. */
const mostErrors = 100

const inspectJobs: Statement = {
  name: 'inspectJobs',
  text: `SELECT jobs.id, name, queue, ${paused}, state, attempt, max_attempts AS "maxAttempts", priority, tags, meta, snoozed, cancel_by AS "cancelBy",
      inserted_at AS "insertedAt", due_at AS "scheduledAt", attempted_at AS "attemptedAt", finished_at AS "finishedAt"
    FROM jobs WHERE id = ANY ($1::bigint[])`,
}

const readFailures: Statement = {
  name: 'readFailures',
  text: `SELECT given.id AS "jobId", failure.* FROM unnest($1::bigint[]) AS given (id) CROSS JOIN LATERAL (
      SELECT ${outcomeColumns} FROM outcomes WHERE job_id = given.id AND type = 'error' ORDER BY outcomes.number DESC LIMIT ${mostErrors}) AS failure`,
}

/** Prepares reading all there is to know about jobs but their values. */
export function inspect(means: Means): Inside<'inspect'> {
  return async (tx, lookups) => {
    const found = await findRefsOf(tx, lookups, means)
    const ids = [...new Set(jobsOf(found))]
    const [jobs, failures] = await Promise.all([tx.rows<InspectedRow>(inspectJobs, ids), tx.rows<OutcomeRow & { jobId: number }>(readFailures, ids)])
    return found.map((each): Inspected => {
      if (each === undefined) return { type: 'not_found' }
      const job = each === 'tombstone' ? undefined : jobs.find(({ id }) => id === each.jobId)
      if (!job) return { type: 'expired' }
      const { id, snoozed, cancelBy, ...told } = job
      const errors = failures.filter(({ jobId }) => jobId === id).map(toOutcome)
      return {
        ...told,
        type: 'job',
        tags: JSON.parse(job.tags),
        meta: metaOf(job),
        cancelRequested: cancelBy !== null,
        errors: new Page(mostErrors).take(errors).reverse(),
      }
    })
  }
}
