import type { JobState } from '@anchorleg/shared'
import { crash, due } from '../../lifecycle.js'
import { type AttemptRow, factsOf } from '../attemptRow.js'
import type { Expired, Waiter } from '../store.js'
import { attemptRows } from './attemptRows.js'
import { conclude } from './conclude.js'
import type { Means, Operations } from './operations.js'

interface DueJob extends Omit<Waiter, 'jobId'> {
  readonly id: number
  readonly state: JobState
}

/** Prepares making due jobs available. */
export function stage({ db, clock, tally }: Means): Operations['stage'] {
  const waiting = `FROM jobs INDEXED BY jobs_due WHERE state IN ('scheduled', 'retryable')`
  const read = db.prepare<[number, number], DueJob>(
    `SELECT id, queue, name, attempt, runs AS run, state ${waiting} AND due_at <= ? ORDER BY due_at LIMIT ?`,
  )
  const move = db.prepare('UPDATE jobs SET state = ? WHERE id = ?')
  const next = db.prepare<[], number>(`SELECT due_at ${waiting} ORDER BY due_at LIMIT 1`).pluck()
  return (limit) => {
    const state = due()
    const staged = read.all(clock.now(), limit).map(({ id, state: before, ...lane }): Waiter => {
      move.run(state, id)
      tally.note(lane.queue, before, state)
      return { jobId: String(id), ...lane }
    })
    return { staged, nextDueAt: next.get() ?? null }
  }
}

/** Prepares taking jobs from workers whose lease has ended, or that were to stop and have had their grace. */
export function expire(means: Means): Operations['expire'] {
  const { clock, random, settings } = means
  const end = conclude(means)
  const silent = attemptRows<[number, number, number]>(
    means,
    'INDEXED BY jobs_leased WHERE lease_until <= ? AND attempted_at >= ? ORDER BY lease_until LIMIT ?',
  )
  const stubborn = attemptRows<[number, number, number]>(
    means,
    "INDEXED BY jobs_cancelling WHERE state = 'executing' AND cancel_by <= ? AND cancel_by >= ? ORDER BY cancel_by LIMIT ?",
  )
  return (limit, youngMs = Number.POSITIVE_INFINITY) => {
    const now = clock.now()
    const since = Math.max(0, now - youngMs)
    const take = (row: AttemptRow): Expired => {
      const announcement = end(row, crash(factsOf(row), row.codec, { now, random }), null)
      return { lease: { jobId: announcement.jobId, lease: row.lease as string }, announcement }
    }
    const taken = silent.all(now, since, limit).map(take)
    return [...taken, ...stubborn.all(now, since + settings.cancelGraceMs, limit - taken.length).map(take)]
  }
}
