import { isFinished, type JobState } from '@anchorleg/shared'
import type { JobFacts, Transition } from '../../lifecycle.js'
import type { Announcement } from '../store.js'
import type { Means } from './operations.js'
import { writeOutcome } from './outcomeRows.js'

/** What is read of a job before its attempt is concluded. */
export interface AttemptRow extends JobFacts {
  readonly id: number
  readonly tenant: string
  readonly ref: string
  readonly queue: string
  readonly name: string
  readonly state: JobState
  readonly codec: string
  readonly lease: string | null
  readonly settledLease: string | null
  readonly insertedAt: number
  readonly attemptedAt: number
}

/** The columns of an {@link AttemptRow}. */
export const attemptColumns = `id, tenant, ref, queue, name, state, codec, lease, settled_lease AS settledLease, attempt, max_attempts AS maxAttempts,
  outcomes, crashes, snoozed, inserted_at AS insertedAt, attempted_at AS attemptedAt`

/**
 * Prepares the end of an attempt: what its transition says is stored, its lease is over, and the answer says whom to tell.
 * `settledBy` is the token that settled it, null when its worker died.
 */
export function conclude(means: Means): (row: AttemptRow, transition: Transition, settledBy: string | null) => Announcement {
  const write = writeOutcome(means)
  const aliasesOf = means.db.prepare<[number], string>('SELECT ref FROM aliases WHERE job_id = ?').pluck()
  const update = means.db.prepare(
    `UPDATE jobs SET state = ?, attempt = ?, due_at = coalesce(?, due_at), outcomes = ?, crashes = ?, snoozed = ?, finished_at = ?,
     lease = NULL, lease_until = NULL, settled_lease = coalesce(?, settled_lease) WHERE id = ?`,
  )
  return (row, transition, settledBy) => {
    const { state, attempt, crashes, snoozed, outcome } = transition
    const dueAt = transition.dueAt === null ? null : Math.round(transition.dueAt)
    const finishedAt = isFinished(state) ? outcome.at : null
    update.run(state, attempt, dueAt, outcome.number, crashes, snoozed, finishedAt, settledBy, row.id)
    write(row.id, outcome)
    return {
      tenant: row.tenant,
      refs: [row.ref, ...aliasesOf.all(row.id)],
      queue: row.queue,
      name: row.name,
      jobId: String(row.id),
      state,
      dueAt,
      claimedAt: row.attemptedAt,
      insertedAt: row.insertedAt,
      outcome,
    }
  }
}
