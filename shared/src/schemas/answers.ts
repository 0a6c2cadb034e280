import { z } from 'zod'
import { refusalCodes } from '../errors.js'
import { waitings } from '../job.js'
import { jobName, jobState, queueName, ref } from './job.js'
import { outcome } from './outcome.js'

/** One field of a job that is not as it must be. */
const issue = z.object({ path: z.array(z.union([z.string(), z.number()])).readonly(), message: z.string() })
export type Issue = z.output<typeof issue>

/**
 * A gate's typed "no", to a whole message or to one entry of it. It is data: nothing was stored (after `store_unavailable` it
 * may have been, and asking again is safe), and the connection stays up. `retryAfter` is in seconds.
 */
export const refusal = z.object({
  code: z.enum(refusalCodes),
  message: z.string(),
  issues: z.array(issue).readonly().optional(),
  retryAfter: z.number().optional(),
})
export type Refusal = z.output<typeof refusal>

/** The answer to one submitted job. `conflict` says that its ref is an alias of a job that was there before. */
export const submitted = z.union([z.object({ ref, conflict: z.boolean(), name: jobName, queue: queueName }), z.object({ ref, refused: refusal })])
export type Submitted = z.output<typeof submitted>

/** Where a ref stands: an outcome that satisfies the awaiter, or what there is instead. */
export const standing = z.discriminatedUnion('type', [
  z.object({ ref, type: z.literal('outcome'), outcome }),
  z.object({ ref, type: z.literal('pending'), state: jobState, waiting: z.enum(waitings) }),
  z.object({ ref, type: z.literal('not_found') }),
  z.object({ ref, type: z.literal('expired') }),
])
export type Standing = z.output<typeof standing>

/** Every acknowledgement: either the answer, or the refusal of the whole message. */
export type Answer<T> = { readonly ok: T } | { readonly refused: Refusal }
