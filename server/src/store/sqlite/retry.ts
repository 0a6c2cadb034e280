import { isFinished, type JobState } from '@anchorleg/shared'
import { retry as transition } from '../../lifecycle.js'
import type { Retried } from '../store.js'
import { findRef } from './findRef.js'
import type { Means, Operations } from './operations.js'

interface EndedJob {
  readonly queue: string
  readonly name: string
  readonly state: JobState
  readonly attempt: number
  readonly run: number
  readonly maxAttempts: number
}

/** Prepares reopening jobs that have ended. Whoever asks for that wants it to run, attended or not. */
export function retry(means: Means): Operations['retry'] {
  const { db, clock, tally } = means
  const find = findRef(means)
  const read = db.prepare<[number], EndedJob>('SELECT queue, name, state, attempt, runs AS run, max_attempts AS maxAttempts FROM jobs WHERE id = ?')
  const reopen = db.prepare(
    `UPDATE jobs SET state = ?, max_attempts = ?, due_at = ?, finished_at = NULL, cancel_codec = NULL, cancel_reason = NULL, cancel_by = NULL,
     attended_at = NULL WHERE id = ?`,
  )
  return (lookups) =>
    lookups.map((lookup): Retried => {
      const found = find(lookup)
      if (found === undefined) return { type: 'not_found' }
      const job = found === 'tombstone' ? undefined : read.get(found.jobId)
      if (found === 'tombstone' || !job) return { type: 'expired' }
      if (!isFinished(job.state)) return { type: 'unfinished' }
      const { queue, name, attempt, run } = job
      const { state, maxAttempts } = transition(job)
      reopen.run(state, maxAttempts, clock.now(), found.jobId)
      tally.note(queue, job.state, state)
      return { type: 'retried', waiter: { jobId: String(found.jobId), queue, name, attempt, run } }
    })
}
