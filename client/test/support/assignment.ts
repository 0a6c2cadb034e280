import { type Assignment, codecTag, type Lease, mintLease, seal } from '@anchorleg/shared'

let jobId = 0

/** A job as a hub hands it to a worker. */
export function assignment(args?: unknown, more: Partial<Assignment> = {}): Assignment {
  const common = { name: 'job', queue: 'default', attempt: 1, maxAttempts: 20, scheduledAt: 5, meta: {}, codec: codecTag }
  return { ...common, jobId: String(++jobId), lease: mintLease(), args: seal(args), ...more }
}

export const leaseOf = ({ jobId, lease }: Lease): Lease => ({ jobId, lease })
