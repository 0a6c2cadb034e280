import type { Means, Operations } from './operations.js'
import { type Addressed, tellOf } from './running.js'

/** Prepares listing the jobs that have not ended and are to be cancelled once nobody is attached to them. */
export function attended(means: Means): Operations['attended'] {
  const tell = tellOf(means)
  const read = means.db.prepare<[], Addressed>(
    'SELECT id, tenant, ref, attempt, runs FROM jobs INDEXED BY jobs_attended WHERE cancel_on_disconnect = 1 AND finished_at IS NULL',
  )
  return () => read.all().map(tell)
}
