import type { Lookup } from '../store.js'
import { looseReports } from './looseReports.js'
import type { Means, Operations } from './operations.js'

interface Outlived extends Lookup {
  readonly id: number
  readonly uniqueKey: string | null
  readonly report: number | null
}

/** Rows of reports deleted for each job that may be. */
const clearedPerJob = 25

/**
 * Prepares deleting jobs that outlived their retention, leaving tombstones for their refs, and old tombstones. However many
 * aliases and chunks jobs have, one call deletes little more than it may: chunks become loose and go with later calls.
 */
export function prune(means: Means): Operations['prune'] {
  const { db, clock, settings, refs } = means
  const { loosen, clear } = looseReports(means)
  const outlived = db.prepare<[number, number], Outlived>(
    `SELECT id, tenant, ref, unique_key AS uniqueKey, report FROM jobs INDEXED BY jobs_finished
     WHERE finished_at < ? ORDER BY finished_at LIMIT ?`,
  )
  const aliases = db.prepare<[number], Lookup>('DELETE FROM aliases WHERE job_id = ? RETURNING tenant, ref')
  const freeKey = db.prepare('DELETE FROM unique_keys WHERE tenant = ? AND key = ? AND job_id = ?')
  const deletions = ['job_args WHERE job_id', 'outcomes WHERE job_id', 'jobs WHERE id'].map((part) => db.prepare<[number]>(`DELETE FROM ${part} = ?`))
  const bury = db.prepare('INSERT OR REPLACE INTO tombstones (tenant, ref, expires_at) VALUES (?, ?, ?)')
  const forget = db.prepare(
    `DELETE FROM tombstones WHERE (tenant, ref) IN
       (SELECT tenant, ref FROM tombstones INDEXED BY tombstones_expiry WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)`,
  )
  const remove = ({ id, tenant, ref, uniqueKey, report }: Outlived): Lookup[] => {
    const lookups = [{ tenant, ref }, ...aliases.all(id)]
    if (uniqueKey !== null) freeKey.run(tenant, uniqueKey, id)
    loosen(report)
    for (const deletion of deletions) deletion.run(id)
    return lookups
  }
  return (limit) => {
    const now = clock.now()
    const pruned: Lookup[] = []
    for (const job of outlived.all(now - settings.retentionMs, limit)) {
      refs.haveTombstones = true
      if (pruned.length >= limit) break
      for (const each of remove(job)) {
        bury.run(each.tenant, each.ref, now + settings.tombstoneMs)
        pruned.push(each)
      }
    }
    forget.run(now, limit)
    clear(clearedPerJob * limit)
    return pruned
  }
}
