import type { JobRequest } from '@anchorleg/shared'
import { enter } from '../lifecycle.js'
import type { Inserted } from './store.js'

/** When a job that is stored now is due, in whole ms since the epoch. */
export function dueOnceStored({ scheduledAt, scheduleIn }: Pick<JobRequest, 'scheduledAt' | 'scheduleIn'>, now: number): number {
  return Math.round(scheduledAt ?? now + (scheduleIn ?? 0) * 1000)
}

/** What is told of a job that was stored now: also of one that runs at once, it is told where it started. */
export function insertedAs(
  { queue, name }: Pick<JobRequest, 'queue' | 'name'>,
  stored: { readonly id: number; readonly dueAt: number; readonly now: number },
): Inserted {
  const { id, dueAt, now } = stored
  return { type: 'inserted', conflict: false, jobId: String(id), state: enter(dueAt, now), queue, name, dueAt }
}
