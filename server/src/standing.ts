import { type Inspection, isFinished, type Standing, type Waiting, type Want } from '@anchorleg/shared'
import type { Roster } from './roster.js'
import type { Inspected, Lane, Lookup, Reading, StoredJob } from './store/store.js'

/** What the store holds of a ref, as an answer to who wants an outcome of it. */
export function standingOf({ tenant, ref }: Lookup, want: Want, reading: Reading, roster: Roster): Standing {
  switch (reading.type) {
    case 'not_found':
    case 'expired':
      return { ref, type: reading.type }
    case 'known': {
      const { job, latest } = reading
      if (latest && (want === 'any' || (latest.final && isFinished(job.state)))) return { ref, type: 'outcome', outcome: latest }
      return { ref, type: 'pending', state: job.state, waiting: waitingOf(job, tenant, roster) }
    }
    default:
      return reading satisfies never
  }
}

/** What the store holds of a job, as an answer to who inspects it. */
export function inspectionOf({ tenant, ref }: Lookup, inspected: Inspected, roster: Roster): Inspection {
  if (inspected.type !== 'job') return { ref, type: inspected.type }
  const { paused, ...job } = inspected
  const waiting = isFinished(job.state) ? null : waitingOf({ ...job, paused }, tenant, roster)
  return { ref, ...job, waiting }
}

function waitingOf(job: Pick<StoredJob, 'state' | 'paused'> & Lane, tenant: string, roster: Roster): Waiting {
  switch (job.state) {
    case 'scheduled':
      return 'scheduled'
    case 'retryable':
      return 'retrying'
    case 'available':
      return job.paused ? 'queue_paused' : roster.whyWaiting(job, tenant)
    default:
      return 'running'
  }
}
