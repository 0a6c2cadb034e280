import { cancel, release as transition } from '../../lifecycle.js'
import type { Held, Lane, Released } from '../store.js'
import { type AttemptRow, attemptColumns, conclude, requestOf } from './conclude.js'
import { rowIdOf } from './jobRows.js'
import type { Means, Operations } from './operations.js'

/** Prepares moving the ends of leases. One that has ended but was not taken yet is still held. */
export function renew({ db, clock }: Means): Operations['renew'] {
  const move = db.prepare<[number, number, string], Lane & Pick<AttemptRow, 'cancelCodec' | 'cancelReason'>>(
    `UPDATE jobs SET lease_until = ? WHERE id = ? AND lease = ?
     RETURNING queue, name, cancel_codec AS cancelCodec, cancel_reason AS cancelReason`,
  )
  return (leases, ms) => {
    const until = Math.round(clock.now() + ms)
    return leases.map(({ jobId, lease }): Held | null => {
      const row = move.get(until, rowIdOf(jobId), lease)
      return row ? { jobId, queue: row.queue, name: row.name, cancel: requestOf(row) } : null
    })
  }
}

/** Prepares handing jobs back unrun: each keeps its place, but for one that is to be cancelled, which then is. */
export function release(means: Means): Operations['release'] {
  const { db, clock, tally } = means
  const end = conclude(means)
  const find = db.prepare<[number, string], AttemptRow>(`SELECT ${attemptColumns} FROM jobs WHERE id = ? AND lease = ?`)
  const give = db.prepare('UPDATE jobs SET state = ?, attempt = ?, lease = NULL, lease_until = NULL WHERE id = ?')
  return (leases) =>
    leases.map(({ jobId, lease }): Released | null => {
      const row = find.get(rowIdOf(jobId), lease)
      if (!row) return null
      const reason = requestOf(row)
      if (reason) return { announcement: end(row, cancel(row, reason, { now: clock.now() }), null) }
      const { state, attempt } = transition(row)
      give.run(state, attempt, row.id)
      tally.note(row.queue, row.state, state)
      return { jobId, queue: row.queue, name: row.name, attempt, run: row.runs }
    })
}

/** Prepares moving the end of every lease, and of every cancellation's grace, to at least one term from now. */
export function reprieve({ db, clock, settings }: Means): Operations['reprieve'] {
  const moveLeases = db.prepare('UPDATE jobs INDEXED BY jobs_leased SET lease_until = ? WHERE lease_until < ?')
  const moveGraces = db.prepare("UPDATE jobs INDEXED BY jobs_cancelling SET cancel_by = ? WHERE state = 'executing' AND cancel_by < ?")
  return () => {
    const now = clock.now()
    moveLeases.run(now + settings.leaseMs, now + settings.leaseMs)
    moveGraces.run(now + settings.cancelGraceMs, now + settings.cancelGraceMs)
  }
}
