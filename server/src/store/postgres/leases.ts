import type { Lease } from '@anchorleg/shared'
import { cancel, release as transition } from '../../lifecycle.js'
import { requestOf } from '../attemptRow.js'
import type { Held, Lane, Released } from '../store.js'
import { type AttemptRow, lock } from './attemptRows.js'
import { conclude, conclusion } from './conclude.js'
import { rowIdOf, tokenOf } from './ids.js'
import type { Inside, Means } from './operations.js'
import type { Statement } from './transaction.js'

interface HeldRow extends Lane, Pick<AttemptRow, 'tenant' | 'cancelCodec' | 'cancelReason'> {
  readonly lease: string
}

const given = 'unnest($1::bigint[], $2::uuid[]) AS given (id, lease)'
const isGiven = 'jobs.id = given.id AND jobs.lease = given.lease'
const token = "replace(jobs.lease::text, '-', '') AS lease"
const heldColumns = `${token}, jobs.tenant, jobs.queue, jobs.name, jobs.cancel_codec AS "cancelCodec", jobs.cancel_reason AS "cancelReason"`

const renewLeases: Statement = {
  name: 'renewLeases',
  text: `UPDATE jobs SET lease_until = $3::bigint, worker = coalesce($4::text, worker) FROM ${given} WHERE ${isGiven} RETURNING ${heldColumns}`,
}

const shortenLeases: Statement = {
  name: 'shortenLeases',
  text: `UPDATE jobs SET lease_until = least(lease_until, $3::bigint) FROM ${given} WHERE ${isGiven} AND jobs.worker = $4::text RETURNING ${token}`,
}

const readHeld: Statement = { name: 'readHeld', text: `SELECT ${heldColumns} FROM ${given} JOIN jobs ON ${isGiven}` }

const giveBack: Statement = {
  name: 'giveBack',
  text: `UPDATE jobs SET state = $2, attempt = attempt + $3::integer, lease = NULL, lease_until = NULL FROM unnest($1::bigint[]) AS given WHERE jobs.id = given`,
}

/** Prepares moving the ends of leases. One that has ended but was not taken yet is still held. */
export function renew({ clock }: Means): Inside<'renew'> {
  return (tx, leases, ms, worker) =>
    tx.rows<HeldRow>(renewLeases, ...columnsOf(leases), Math.round(clock.now() + ms), worker).then((rows) => answersTo(leases, rows))
}

/** Prepares bringing the ends of leases nearer, of those that a connection still holds. */
export function shorten({ clock }: Means): Inside<'shorten'> {
  return (tx, leases, ms, worker) =>
    tx.rows<{ lease: string }>(shortenLeases, ...columnsOf(leases), Math.round(clock.now() + ms), worker).then((rows) => {
      const shortened = new Set(rows.map((row) => row.lease))
      return leases.map(({ lease }) => shortened.has(lease))
    })
}

/** Prepares reading what is held. */
export function held(): Inside<'held'> {
  return (tx, leases) => tx.rows<HeldRow>(readHeld, ...columnsOf(leases)).then((rows) => answersTo(leases, rows))
}

/** Prepares handing jobs back unrun: each keeps its place, but for one that is to be cancelled, which then is. */
export function release({ clock, facts, hub }: Means): Inside<'release'> {
  return async (tx, leases) => {
    for (const { lease } of leases) facts.take(lease)
    const rows = await lock(
      tx,
      leases.map(({ jobId }) => rowIdOf(jobId)),
    )
    const owned = leases.map(({ jobId, lease }) => {
      const row = rows.get(rowIdOf(jobId) ?? 0)
      if (!row || row.lease !== lease) return undefined
      // Said twice, it counts once.
      rows.delete(row.id)
      return row
    })
    const all = owned.filter((row) => row !== undefined)
    const { state, attempt } = transition({ attempt: 0 })
    const back = all.filter((row) => requestOf(row) === null)
    if (back.length > 0)
      await tx.rows(
        giveBack,
        back.map(({ id }) => id),
        state,
        attempt,
      )
    const now = clock.now()
    const ends = all.flatMap((row) => {
      const reason = requestOf(row)
      return reason ? [conclusion(row, cancel(row, reason, { now }), null)] : []
    })
    const announcements = await conclude(tx, ends, hub)
    return owned.map((row): Released | null => {
      if (!row) return null
      const announcement = announcements[ends.findIndex((end) => end.row === row)]
      return announcement
        ? { announcement }
        : { jobId: String(row.id), queue: row.queue, name: row.name, attempt: row.attempt + attempt, run: row.runs }
    })
  }
}

/** The leases as columns, in the order of their ids: the order in which rows are locked. */
function columnsOf(leases: readonly Lease[]): [(number | null)[], (string | null)[]] {
  const sorted = leases.map(({ jobId, lease }) => [rowIdOf(jobId), tokenOf(lease)] as const).sort(([a], [b]) => (a ?? 0) - (b ?? 0))
  return [sorted.map(([id]) => id), sorted.map(([, token]) => token)]
}

function answersTo(leases: readonly Lease[], rows: readonly HeldRow[]): (Held | null)[] {
  const held = new Map(rows.map((row) => [row.lease, row]))
  return leases.map(({ jobId, lease }) => {
    const row = held.get(lease)
    return row ? { jobId, tenant: row.tenant, queue: row.queue, name: row.name, cancel: requestOf(row) } : null
  })
}
