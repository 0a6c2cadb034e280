import { release as transition } from '../../lifecycle.js'
import type { Lane } from '../store.js'
import { rowIdOf } from './jobRows.js'
import type { Means, Operations } from './operations.js'

/** Prepares moving the ends of leases. One that has ended but was not taken yet is still held. */
export function renew({ db, clock }: Means): Operations['renew'] {
  const move = db.prepare<[number, number, string], Lane>('UPDATE jobs SET lease_until = ? WHERE id = ? AND lease = ? RETURNING queue, name')
  return (leases, ms) => {
    const until = Math.round(clock.now() + ms)
    return leases.map(({ jobId, lease }) => move.get(until, rowIdOf(jobId), lease) ?? null)
  }
}

/** Prepares handing jobs back unrun: each keeps its place. */
export function release({ db }: Means): Operations['release'] {
  const find = db.prepare<[number, string], { attempt: number }>('SELECT attempt FROM jobs WHERE id = ? AND lease = ?')
  const give = db.prepare<[string, number, number], Lane>(
    'UPDATE jobs SET state = ?, attempt = ?, lease = NULL, lease_until = NULL WHERE id = ? RETURNING queue, name',
  )
  return (leases) =>
    leases.map(({ jobId, lease }) => {
      const id = rowIdOf(jobId)
      const row = find.get(id, lease)
      if (!row) return null
      const { state, attempt } = transition(row)
      return give.get(state, attempt, id) ?? null
    })
}

/** Prepares moving the end of every lease to at least one lease from now. */
export function reprieve({ db, clock, settings }: Means): Operations['reprieve'] {
  const move = db.prepare('UPDATE jobs INDEXED BY jobs_leased SET lease_until = ? WHERE lease_until < ?')
  return () => {
    const until = clock.now() + settings.leaseMs
    move.run(until, until)
  }
}
