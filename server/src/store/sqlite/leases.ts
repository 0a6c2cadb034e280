import { cancel, release as transition } from '../../lifecycle.js'
import { type AttemptRow, requestOf } from '../attemptRow.js'
import type { Held, Lane, Released } from '../store.js'
import { attemptRows } from './attemptRows.js'
import { conclude } from './conclude.js'
import { rowIdOf } from './jobRows.js'
import type { Means, Operations } from './operations.js'

interface HeldRow extends Lane, Pick<AttemptRow, 'tenant' | 'cancelCodec' | 'cancelReason'> {}

const heldColumns = 'tenant, queue, name, cancel_codec AS cancelCodec, cancel_reason AS cancelReason'

function heldOf(jobId: string, row: HeldRow | undefined): Held | null {
  return row ? { jobId, tenant: row.tenant, queue: row.queue, name: row.name, cancel: requestOf(row) } : null
}

/** Prepares moving the ends of leases. One that has ended but was not taken yet is still held. */
export function renew({ db, clock }: Means): Operations['renew'] {
  const move = db.prepare<[number, string | undefined, number, string], HeldRow>(
    `UPDATE jobs SET lease_until = ?, worker = coalesce(?, worker) WHERE id = ? AND lease = ? RETURNING ${heldColumns}`,
  )
  return (leases, ms, worker) => {
    const until = Math.round(clock.now() + ms)
    return leases.map(({ jobId, lease }) => heldOf(jobId, move.get(until, worker, rowIdOf(jobId), lease)))
  }
}

/** Prepares bringing the ends of leases nearer, of those that a connection still holds. */
export function shorten({ db, clock }: Means): Operations['shorten'] {
  const move = db.prepare('UPDATE jobs SET lease_until = min(lease_until, ?) WHERE id = ? AND lease = ? AND worker = ?')
  return (leases, ms, worker) => {
    const until = Math.round(clock.now() + ms)
    return leases.map(({ jobId, lease }) => move.run(until, rowIdOf(jobId), lease, worker).changes > 0)
  }
}

/** Prepares reading what is held. */
export function held({ db }: Means): Operations['held'] {
  const read = db.prepare<[number, string], HeldRow>(`SELECT ${heldColumns} FROM jobs WHERE id = ? AND lease = ?`)
  return (leases) => leases.map(({ jobId, lease }) => heldOf(jobId, read.get(rowIdOf(jobId), lease)))
}

/** Prepares handing jobs back unrun: each keeps its place, but for one that is to be cancelled, which then is. */
export function release(means: Means): Operations['release'] {
  const { db, clock, tally } = means
  const end = conclude(means)
  const rows = attemptRows<[number, string]>(means, 'WHERE id = ? AND lease = ?')
  const give = db.prepare('UPDATE jobs SET state = ?, attempt = ?, lease = NULL, lease_until = NULL WHERE id = ?')
  return (leases) =>
    leases.map(({ jobId, lease }): Released | null => {
      const row = rows.get(rowIdOf(jobId), lease)
      if (!row) return null
      const reason = requestOf(row)
      if (reason) return { announcement: end(row, cancel(row, reason, { now: clock.now() }), null) }
      const { state, attempt } = transition(row)
      give.run(state, attempt, row.id)
      tally.note(row.queue, row.state, state)
      return { jobId, queue: row.queue, name: row.name, attempt, run: row.runs }
    })
}
