import type { Clock } from '@anchorleg/shared'
import { crash, due } from '../../lifecycle.js'
import { factsOf } from '../attemptRow.js'
import { type Expired, judgedFor, type Waiter } from '../store.js'
import { type AttemptRow, attemptColumns } from './attemptRows.js'
import { conclude, conclusion } from './conclude.js'
import type { Inside, Means } from './operations.js'
import type { Statement, Transaction } from './transaction.js'

const waiting = `state IN ('scheduled', 'retryable')`

const stageJobs: Statement = {
  name: 'stageJobs',
  text: `UPDATE jobs SET state = $1 WHERE id = ANY (ARRAY(
      SELECT id FROM jobs WHERE ${waiting} AND due_at <= $2::bigint ORDER BY due_at LIMIT $3::integer FOR UPDATE SKIP LOCKED))
    RETURNING id, queue, name, attempt, runs AS run`,
}

const nextDue: Statement = { name: 'nextDue', text: `SELECT due_at AS "dueAt" FROM jobs WHERE ${waiting} ORDER BY due_at LIMIT 1` }

/** A statement that reaches the server too late finds nothing. Of the database's own time: no hub knows what is on its way. */
const inTime = (by: string) => `extract(epoch FROM statement_timestamp()) * 1000 <= ${by}::double precision`

const lockSilent: Statement = {
  name: 'lockSilent',
  text: `SELECT ${attemptColumns} FROM jobs WHERE state = 'executing' AND lease_until <= $1::bigint AND attempted_at >= $2::bigint
    AND ${inTime('$4')} ORDER BY lease_until LIMIT $3::integer FOR UPDATE SKIP LOCKED`,
}

const lockStubborn: Statement = {
  name: 'lockStubborn',
  text: `SELECT ${attemptColumns} FROM jobs WHERE state = 'executing' AND cancel_by IS NOT NULL AND cancel_by <= $1::bigint AND cancel_by >= $2::bigint
    AND (lease_until > $1::bigint OR attempted_at < $3::bigint) AND ${inTime('$5')} ORDER BY cancel_by LIMIT $4::integer FOR UPDATE SKIP LOCKED`,
}

/** Prepares making due jobs available. Those that another hub is just making so are its own. */
export function stage({ clock }: Means): Inside<'stage'> {
  return (tx, limit) => {
    const moved = tx.rows<Omit<Waiter, 'jobId'> & { readonly id: number }>(stageJobs, due(), clock.now(), limit)
    const next = tx.rows<{ dueAt: number }>(nextDue)
    return Promise.all([moved, next]).then(([rows, [first]]) => ({
      staged: rows.map(({ id, ...lane }): Waiter => ({ jobId: String(id), ...lane })),
      nextDueAt: first?.dueAt ?? null,
    }))
  }
}

/**
 * Prepares taking jobs from workers whose lease has ended, or that were to stop and have had their grace. What is prepared anew for
 * each call does nothing once its judgement is too old. Those that another hub is just taking are its own to tell of.
 */
export function expire({ clock, random, facts, settings, hub }: Means, databaseClock: Clock) {
  const take = async (tx: Transaction, by: number, limit: number, youngMs = Number.POSITIVE_INFINITY): Promise<Expired[]> => {
    const now = clock.now()
    const since = Math.max(0, Math.floor(now - youngMs))
    const silent = await tx.rows<AttemptRow>(lockSilent, now, since, limit, by)
    const stubborn = await tx.rows<AttemptRow>(lockStubborn, now, since + settings.cancelGraceMs, since, limit - silent.length, by)
    if (databaseClock.now() > by) return []
    const ends = [...silent, ...stubborn].map((row) => conclusion(row, crash(factsOf(row), row.codec, { now, random }), null))
    const announcements = await conclude(tx, ends, hub)
    return ends.flatMap(({ row: { id, lease } }, i): Expired[] => {
      const announcement = announcements[i]
      if (!announcement || lease === null) return []
      facts.take(lease)
      return [{ lease: { jobId: String(id), lease }, announcement }]
    })
  }
  return (): Inside<'expire'> => {
    const by = databaseClock.now() + judgedFor(settings)
    return (tx, limit, youngMs) => take(tx, by, limit, youngMs)
  }
}
