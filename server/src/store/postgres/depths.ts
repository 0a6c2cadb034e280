import type { Depth } from '../store.js'
import type { Inside, Means } from './operations.js'
import type { Statement } from './transaction.js'

/** How old an answer may be, in ms. */
const oldest = 10_000

const countJobs: Statement = {
  name: 'countJobs',
  text: `SELECT queue, state, count(*) AS count FROM jobs WHERE state = 'available' GROUP BY queue, state
    UNION ALL SELECT queue, state, count(*) FROM jobs WHERE state = 'executing' GROUP BY queue, state
    UNION ALL SELECT queue, state, count(*) FROM jobs WHERE state IN ('scheduled', 'retryable') GROUP BY queue, state`,
}

/** Prepares counting the jobs that have not ended. It walks the indexes that hold them, and so does it seldom. */
export function depths({ clock }: Means): Inside<'depths'> {
  let known: { readonly at: number; readonly depths: Depth[] } | undefined
  return async (tx) => {
    const now = clock.now()
    if (!known || now - known.at >= oldest) known = { at: now, depths: await tx.rows<Depth>(countJobs) }
    return known.depths
  }
}
