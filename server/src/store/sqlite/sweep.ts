import { crash, due } from '../../lifecycle.js'
import type { Expired, Lane, Lookup } from '../store.js'
import { type AttemptRow, attemptColumns, conclude } from './conclude.js'
import type { Means, Operations } from './operations.js'

/** Prepares making due jobs available. */
export function stage({ db, clock }: Means): Operations['stage'] {
  const waiting = `state IN ('scheduled', 'retryable')`
  const move = db.prepare<[string, number, number], Lane>(
    `UPDATE jobs SET state = ? WHERE id IN
       (SELECT id FROM jobs INDEXED BY jobs_due WHERE ${waiting} AND due_at <= ? ORDER BY due_at LIMIT ?) RETURNING queue, name`,
  )
  const next = db.prepare<[], number>(`SELECT due_at FROM jobs INDEXED BY jobs_due WHERE ${waiting} ORDER BY due_at LIMIT 1`).pluck()
  return (limit) => ({ staged: move.all(due(), clock.now(), limit), nextDueAt: next.get() ?? null })
}

/** Prepares taking jobs from workers whose lease has ended. */
export function expire(means: Means): Operations['expire'] {
  const { db, clock, random } = means
  const end = conclude(means)
  const ended = db.prepare<[number, number], AttemptRow & { readonly lease: string }>(
    `SELECT ${attemptColumns} FROM jobs INDEXED BY jobs_leased WHERE lease_until <= ? ORDER BY lease_until LIMIT ?`,
  )
  return (limit) => {
    const now = clock.now()
    return ended.all(now, limit).map((row): Expired => {
      const announcement = end(row, crash(row, row.codec, { now, random }), null)
      return { lease: { jobId: announcement.jobId, lease: row.lease }, announcement }
    })
  }
}

/** Prepares deleting jobs that outlived their retention, leaving tombstones for their refs, and old tombstones. */
export function prune({ db, clock, settings }: Means): Operations['prune'] {
  const outlived = db.prepare<[number, number], Lookup & { readonly id: number }>(
    'SELECT id, tenant, ref FROM jobs INDEXED BY jobs_finished WHERE finished_at < ? ORDER BY finished_at LIMIT ?',
  )
  const aliases = db.prepare<[number], Lookup>('DELETE FROM aliases WHERE job_id = ? RETURNING tenant, ref')
  const parts = ['job_args WHERE job_id', 'outcomes WHERE job_id', 'unique_keys WHERE job_id', 'jobs WHERE id']
  const deletions = parts.map((part) => db.prepare<[number]>(`DELETE FROM ${part} = ?`))
  const bury = db.prepare('INSERT OR REPLACE INTO tombstones (tenant, ref, expires_at) VALUES (?, ?, ?)')
  const forget = db.prepare(
    `DELETE FROM tombstones WHERE (tenant, ref) IN
       (SELECT tenant, ref FROM tombstones INDEXED BY tombstones_expiry WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)`,
  )
  return (limit) => {
    const now = clock.now()
    const pruned = outlived.all(now - settings.retentionMs, limit).flatMap(({ id, tenant, ref }) => {
      const refs = [{ tenant, ref }, ...aliases.all(id)]
      for (const deletion of deletions) deletion.run(id)
      for (const each of refs) bury.run(each.tenant, each.ref, now + settings.tombstoneMs)
      return refs
    })
    forget.run(now, limit)
    return pruned
  }
}
