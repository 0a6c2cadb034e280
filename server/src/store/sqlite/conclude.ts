import { isFinished } from '@anchorleg/shared'
import type { Transition } from '../../lifecycle.js'
import { type AttemptRow, announcementOf, countedOutcome, dueAtOf, type EndedBy } from '../attemptRow.js'
import type { Announcement } from '../store.js'
import { refsOf } from './jobRows.js'
import type { Means } from './operations.js'
import { writeOutcome } from './outcomeRows.js'
import { reportOf } from './reports.js'

/**
 * Prepares the end of an attempt, or of a job that waits: what its transition says is stored, its lease is over, and the
 * answer says whom to tell. `by` is the settlement that ends it, null when no worker's word does.
 */
export function conclude(means: Means): (row: AttemptRow, transition: Transition, by: EndedBy) => Announcement {
  const write = writeOutcome(means)
  const refs = refsOf(means)
  const reports = reportOf(means)
  const update = means.db.prepare(
    `UPDATE jobs SET state = ?, attempt = ?, due_at = coalesce(?, due_at), outcomes = ?, crashes = ?, snoozed = ?, finished_at = ?,
     lease = NULL, lease_until = NULL, settled_lease = coalesce(?, settled_lease) WHERE id = ?`,
  )
  return (row, transition, by) => {
    const { state, attempt, crashes, snoozed } = transition
    const outcome = countedOutcome(row, transition, by, () => reports.chunks(row.report))
    const finishedAt = isFinished(state) ? outcome.at : null
    update.run(state, attempt, dueAtOf(transition), outcome.number, crashes, snoozed, finishedAt, by?.lease, row.id)
    write(row.id, outcome)
    means.tally.note(row.queue, row.state, state)
    return announcementOf(row, transition, outcome, { refs: refs(row) })
  }
}
