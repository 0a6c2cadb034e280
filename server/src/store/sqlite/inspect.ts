import type { JobState } from '@anchorleg/shared'
import { Page } from '../page.js'
import type { Inspected } from '../store.js'
import { findRef } from './findRef.js'
import { metaOf, paused } from './jobRows.js'
import type { Means, Operations } from './operations.js'
import { readFailures } from './outcomeRows.js'

interface InspectedJob {
  readonly name: string
  readonly queue: string
  readonly paused: number
  readonly state: JobState
  readonly attempt: number
  readonly maxAttempts: number
  readonly priority: number
  readonly tags: string
  readonly meta: string
  readonly snoozed: number
  readonly cancelBy: number | null
  readonly insertedAt: number
  readonly scheduledAt: number
  readonly attemptedAt: number | null
  readonly finishedAt: number | null
}

/** Failed attempts told of a job. */
const mostErrors = 100

/** Prepares reading all there is to know about jobs but their values. */
export function inspect(means: Means): Operations['inspect'] {
  const find = findRef(means)
  const failures = readFailures(means)
  const read = means.db.prepare<[number], InspectedJob>(
    `SELECT name, queue, ${paused}, state, attempt, max_attempts AS maxAttempts, priority, tags, meta, snoozed, cancel_by AS cancelBy,
       inserted_at AS insertedAt, due_at AS scheduledAt, attempted_at AS attemptedAt, finished_at AS finishedAt FROM jobs WHERE id = ?`,
  )
  return (lookups) =>
    lookups.map((lookup): Inspected => {
      const found = find(lookup)
      if (found === undefined) return { type: 'not_found' }
      const job = found === 'tombstone' ? undefined : read.get(found.jobId)
      if (found === 'tombstone' || !job) return { type: 'expired' }
      const { snoozed, cancelBy, ...told } = job
      return {
        ...told,
        type: 'job',
        paused: job.paused === 1,
        tags: JSON.parse(job.tags),
        meta: metaOf(job),
        cancelRequested: cancelBy !== null,
        errors: new Page(mostErrors).take(failures(found.jobId)).reverse(),
      }
    })
}
