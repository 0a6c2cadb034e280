import type { Lookup } from '../store.js'
import { findRef } from './findRef.js'
import type { Means, Operations } from './operations.js'

/** Prepares noting that somebody is attached to jobs that ask for it. */
export function attend(means: Means): Operations['attend'] {
  const { db, clock } = means
  const find = findRef(means)
  const note = db.prepare('UPDATE jobs SET attended_at = ? WHERE id = ? AND attended_at IS NOT NULL AND finished_at IS NULL')
  return (lookups) =>
    lookups.map((lookup) => {
      const found = find(lookup)
      if (found === undefined) return true
      return found !== 'tombstone' && note.run(clock.now(), found.jobId).changes > 0
    })
}

/** Prepares listing the jobs that ask for somebody and have long had nobody. */
export function abandoned({ db, clock }: Means): Operations['abandoned'] {
  const read = db.prepare<[number, number], Lookup>(
    `SELECT tenant, ref FROM jobs INDEXED BY jobs_attended
     WHERE attended_at IS NOT NULL AND finished_at IS NULL AND attended_at <= ? ORDER BY attended_at LIMIT ?`,
  )
  return (patienceMs, limit) => read.all(clock.now() - patienceMs, limit)
}
