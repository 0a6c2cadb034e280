import { z } from 'zod'
import { queueName, ref } from './job.js'

/** A queue as its operator sees it: paused or not, and how many of its jobs may run at once on all workers together (null for any number). */
export const queueState = z.object({ queue: queueName, paused: z.boolean(), limit: z.int().min(0).nullable() })
export type QueueState = z.output<typeof queueState>

/** Admin to hub. Each is acknowledged with an {@link Answer}. */
export const adminMessages = {
  /** The queues with a state of their own. Answered with a `QueueState` for each. */
  queues: z.strictObject({}),
  /** Pauses, resumes or limits queues; what is absent stays. Answered, once durable, with the new `QueueState` of each. */
  setQueues: z.strictObject({
    changes: z.array(z.strictObject({ queue: queueName, paused: z.boolean().optional(), limit: z.int().min(0).nullable().optional() })).min(1),
  }),
  /** Reopens jobs that have ended, of the named tenant or else of the admin's own. Answered with `retried`, `unfinished`, `not_found` or `expired` for each. */
  retry: z.strictObject({ refs: z.array(ref).min(1), tenant: z.string().min(1).max(128).optional() }),
} as const
export type QueueChange = z.output<typeof adminMessages.setQueues>['changes'][number]
