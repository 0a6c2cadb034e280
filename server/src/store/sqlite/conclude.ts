import { isFinished, type JobState, type Settlement } from '@anchorleg/shared'
import type { JobFacts, Transition } from '../../lifecycle.js'
import type { Announcement } from '../store.js'
import { refsOf } from './jobRows.js'
import type { Means } from './operations.js'
import { writeOutcome } from './outcomeRows.js'
import { reportOf } from './reports.js'

/** What is read of a job before its attempt is concluded. */
export interface AttemptRow extends Omit<JobFacts, 'cancel'> {
  readonly id: number
  readonly tenant: string
  readonly ref: string
  readonly queue: string
  readonly name: string
  readonly state: JobState
  readonly runs: number
  readonly codec: string
  readonly lease: string | null
  readonly settledLease: string | null
  readonly report: number | null
  readonly cancelCodec: string | null
  readonly cancelReason: string | null
  readonly attemptedAt: number | null
}

/** The columns of an {@link AttemptRow}. */
export const attemptColumns = `id, tenant, ref, queue, name, state, codec, lease, settled_lease AS settledLease, attempt, runs, max_attempts AS maxAttempts,
  outcomes, crashes, snoozed, report, cancel_codec AS cancelCodec, cancel_reason AS cancelReason, attempted_at AS attemptedAt`

/** What a transition of this job depends on. */
export function factsOf(row: AttemptRow): JobFacts {
  const { attempt, maxAttempts, outcomes, crashes, snoozed } = row
  return { attempt, maxAttempts, outcomes, crashes, snoozed, cancel: requestOf(row) }
}

/** The cancellation that was asked for while the job ran. */
export function requestOf({ cancelCodec, cancelReason }: Pick<AttemptRow, 'cancelCodec' | 'cancelReason'>): JobFacts['cancel'] {
  return cancelCodec === null || cancelReason === null ? null : { codec: cancelCodec, value: cancelReason }
}

/**
 * Prepares the end of an attempt, or of a job that waits: what its transition says is stored, its lease is over, and the
 * answer says whom to tell. `by` is the settlement that ends it, null when no worker's word does.
 */
export function conclude(means: Means): (row: AttemptRow, transition: Transition, by: Pick<Settlement, 'lease' | 'chunks'> | null) => Announcement {
  const write = writeOutcome(means)
  const refs = refsOf(means)
  const reports = reportOf(means)
  const update = means.db.prepare(
    `UPDATE jobs SET state = ?, attempt = ?, due_at = coalesce(?, due_at), outcomes = ?, crashes = ?, snoozed = ?, finished_at = ?,
     lease = NULL, lease_until = NULL, settled_lease = coalesce(?, settled_lease) WHERE id = ?`,
  )
  return (row, transition, by) => {
    const { state, attempt, crashes, snoozed } = transition
    const ran = row.state === 'executing'
    // A worker that cannot say how many chunks it emitted has emitted those that are stored.
    const chunks = by ? by.chunks : ran ? reports.chunks(row.report) || undefined : undefined
    const outcome = chunks === undefined ? transition.outcome : { ...transition.outcome, chunks }
    const dueAt = transition.dueAt === null ? null : Math.round(transition.dueAt)
    const finishedAt = isFinished(state) ? outcome.at : null
    update.run(state, attempt, dueAt, outcome.number, crashes, snoozed, finishedAt, by?.lease, row.id)
    write(row.id, outcome)
    means.tally.note(row.queue, row.state, state)
    return {
      tenant: row.tenant,
      refs: refs(row),
      queue: row.queue,
      name: row.name,
      jobId: String(row.id),
      attempt,
      run: row.runs,
      state,
      dueAt,
      claimedAt: ran ? (row.attemptedAt ?? outcome.at) : outcome.at,
      outcome,
    }
  }
}
