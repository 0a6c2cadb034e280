import { isFinished, type Standing, type Waiting, type Want } from '@anchorleg/shared'
import type { Roster } from './roster.js'
import type { Reading, StoredJob } from './store/store.js'

/** What the store holds of a ref, as an answer to who wants an outcome of it. */
export function standingOf(ref: string, want: Want, reading: Reading, roster: Roster): Standing {
  switch (reading.type) {
    case 'not_found':
    case 'expired':
      return { ref, type: reading.type }
    case 'known': {
      const { job, latest } = reading
      if (latest && (want === 'any' || (latest.final && isFinished(job.state)))) return { ref, type: 'outcome', outcome: latest }
      return { ref, type: 'pending', state: job.state, waiting: waitingOf(job, roster) }
    }
    default:
      return reading satisfies never
  }
}

function waitingOf(job: StoredJob, roster: Roster): Waiting {
  switch (job.state) {
    case 'scheduled':
      return 'scheduled'
    case 'retryable':
      return 'retrying'
    case 'available':
      return roster.whyWaiting(job)
    default:
      return 'running'
  }
}
