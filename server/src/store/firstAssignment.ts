import type { Assignment, JobRequest } from '@anchorleg/shared'

/** What a worker is told of a job that ran as soon as it was stored. */
export function firstAssignment(
  job: Omit<JobRequest, 'want'>,
  claimed: Pick<Assignment, 'jobId' | 'lease' | 'attempt'> & { readonly dueAt: number },
): Assignment {
  const { name, queue, maxAttempts, timeout, meta, codec, args, trace } = job
  const { jobId, lease, attempt, dueAt } = claimed
  return {
    jobId,
    lease,
    name,
    queue,
    attempt,
    maxAttempts,
    ...(timeout !== undefined && { timeout }),
    scheduledAt: dueAt,
    meta,
    codec,
    args,
    ...(trace !== undefined && { trace }),
  }
}
