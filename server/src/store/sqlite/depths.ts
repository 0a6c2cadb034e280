import type { Depth } from '../store.js'
import type { Means, Operations } from './operations.js'

/** How old an answer may be, in ms. */
const oldest = 10_000

/** Prepares counting the jobs that have not ended. It walks the indexes that hold them, and so does it seldom. */
export function depths({ db, clock }: Means): Operations['depths'] {
  const counts = [
    "SELECT queue, state, count(*) AS count FROM jobs INDEXED BY jobs_available WHERE state = 'available' GROUP BY queue",
    "SELECT queue, state, count(*) AS count FROM jobs INDEXED BY jobs_executing WHERE state = 'executing' GROUP BY queue",
    "SELECT queue, state, count(*) AS count FROM jobs INDEXED BY jobs_due WHERE state IN ('scheduled', 'retryable') GROUP BY queue, state",
  ].map((query) => db.prepare<[], Depth>(query))
  let known: { readonly at: number; readonly depths: Depth[] } | undefined
  return () => {
    const now = clock.now()
    if (!known || now - known.at >= oldest) known = { at: now, depths: counts.flatMap((count) => count.all()) }
    return known.depths
  }
}
