import type { Reading } from '../store.js'
import { findRef } from './findRef.js'
import { readJob } from './jobRows.js'
import type { Means, Operations } from './operations.js'
import { readLatestOutcome } from './outcomeRows.js'

/** Prepares reading where refs stand, aliases included. */
export function read(means: Means): Operations['read'] {
  const find = findRef(means)
  const job = readJob(means)
  const latest = readLatestOutcome(means)
  return (lookups) =>
    lookups.map((lookup): Reading => {
      const found = find(lookup)
      if (found === undefined) return { type: 'not_found' }
      if (found === 'tombstone') return { type: 'expired' }
      return { type: 'known', job: job(found.jobId), latest: latest(found.jobId) }
    })
}
