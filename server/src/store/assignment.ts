import type { Assignment } from '@anchorleg/shared'

/** What a worker is told of a job, as it came or as it was stored. */
type Work = Pick<Assignment, 'name' | 'queue' | 'maxAttempts' | 'meta' | 'codec' | 'args'> & {
  readonly timeout?: number | null | undefined
  readonly trace?: string | null | undefined
}

/** What a worker is told of a job that was claimed for it. */
export function assignmentOf(work: Work, claimed: Pick<Assignment, 'jobId' | 'lease' | 'attempt'> & { readonly dueAt: number }): Assignment {
  const { name, queue, maxAttempts, timeout, meta, codec, args, trace } = work
  const { jobId, lease, attempt, dueAt } = claimed
  return {
    jobId,
    lease,
    name,
    queue,
    attempt,
    maxAttempts,
    ...(typeof timeout === 'number' && { timeout }),
    scheduledAt: dueAt,
    meta,
    codec,
    args,
    ...(typeof trace === 'string' && { trace }),
  }
}
