import { isFinished } from '@anchorleg/shared'
import { cancel as transition } from '../../lifecycle.js'
import { requestOf } from '../attemptRow.js'
import type { Cancellation } from '../store.js'
import { lock } from './attemptRows.js'
import { type Conclusion, conclude, conclusion } from './conclude.js'
import { findRefsOf, jobsOf } from './find.js'
import type { Inside, Means } from './operations.js'
import type { Statement } from './transaction.js'

const requestCancel: Statement = {
  name: 'requestCancel',
  text: `UPDATE jobs SET cancel_codec = given.codec, cancel_reason = given.reason, cancel_by = $4::bigint
    FROM unnest($1::bigint[], $2::text[], $3::text[]) AS given (id, codec, reason) WHERE jobs.id = given.id AND jobs.cancel_by IS NULL`,
}

/** Prepares cancelling jobs: one that waits at once; of one that runs, the request is stored. */
export function cancel(means: Means): Inside<'cancel'> {
  const { clock, settings, hub } = means
  return async (tx, cancellations) => {
    const found = await findRefsOf(tx, cancellations, means)
    const rows = await lock(tx, jobsOf(found))
    const now = clock.now()
    const ended = new Map<number, Conclusion>()
    const requests = new Map<number, { codec: string; value: string }>()
    const fates = cancellations.map(({ reason }, i): Cancellation | Conclusion => {
      const each = found[i]
      if (each === undefined) return { type: 'not_found' }
      const row = each === 'tombstone' ? undefined : rows.get(each.jobId)
      if (!row) return { type: 'expired' }
      const { id, lease } = row
      const state = ended.get(id)?.transition.state ?? row.state
      if (isFinished(state)) return { type: 'finished', state }
      if (lease !== null) {
        const first = requestOf(row) ?? requests.get(id) ?? reason
        requests.set(id, first)
        return { type: 'requested', lease: { jobId: String(id), lease }, state, reason: first }
      }
      const end = conclusion(row, transition(row, reason, { now }), null)
      ended.set(id, end)
      return end
    })
    if (requests.size > 0) {
      const reasons = [...requests.values()]
      const columns = [[...requests.keys()], reasons.map(({ codec }) => codec), reasons.map(({ value }) => value)] as const
      await tx.rows(requestCancel, ...columns, now + settings.cancelGraceMs)
    }
    const ends = [...ended.values()]
    const announcements = await conclude(tx, ends, hub)
    return fates.map((fate): Cancellation => {
      if ('type' in fate) return fate
      const announcement = announcements[ends.indexOf(fate)]
      if (!announcement) throw new Error(`Job ${fate.row.id} was locked and is gone.`)
      return { type: 'cancelled', announcement }
    })
  }
}
