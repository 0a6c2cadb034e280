import { isFinished } from '@anchorleg/shared'
import { cancel as transition } from '../../lifecycle.js'
import { requestOf } from '../attemptRow.js'
import type { Cancellation } from '../store.js'
import { attemptRows } from './attemptRows.js'
import { conclude } from './conclude.js'
import { findRef } from './findRef.js'
import type { Means, Operations } from './operations.js'

/** Prepares cancelling jobs: one that waits at once; of one that runs, the request is stored. */
export function cancel(means: Means): Operations['cancel'] {
  const { db, clock, settings } = means
  const find = findRef(means)
  const end = conclude(means)
  const rows = attemptRows<[number]>(means, 'WHERE id = ?')
  const request = db.prepare('UPDATE jobs SET cancel_codec = ?, cancel_reason = ?, cancel_by = ? WHERE id = ? AND cancel_by IS NULL')
  return (cancellations) =>
    cancellations.map(({ tenant, ref, reason }): Cancellation => {
      const found = find({ tenant, ref })
      if (found === undefined) return { type: 'not_found' }
      const row = found === 'tombstone' ? undefined : rows.get(found.jobId)
      if (!row) return { type: 'expired' }
      const { id, state, lease } = row
      if (isFinished(state)) return { type: 'finished', state }
      if (lease === null) return { type: 'cancelled', announcement: end(row, transition(row, reason, { now: clock.now() }), null) }
      request.run(reason.codec, reason.value, clock.now() + settings.cancelGraceMs, id)
      return { type: 'requested', lease: { jobId: String(id), lease }, state, reason: requestOf(row) ?? reason }
    })
}
