import { z } from 'zod'
import { isName, type Json, jobBounds, jobDefaults, jobStates } from '../job.js'

/** A ref: a UUID in lower case, minted by the caller. */
export const ref = z.string().regex(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/, 'expected a UUID in lower case')

/** A sealed value and the tag of the codec that reads it; the hub opens neither. */
export const codec = z.string().min(1).max(32)
export const sealed = z.string()

export const jobName = z.string().min(1).max(jobBounds.name).refine(isName, 'expected well-formed text other than __proto__')
export const queueName = z.string().min(1).max(jobBounds.queue).refine(isName, 'expected well-formed text other than __proto__')
export const jobState = z.enum(jobStates)

/** Levels of meta: it is handed on as it is, and what is deep enough can break whoever walks it. */
const metaDepth = 16

/** Plain JSON that the hub may read, small and shallow by its bounds. */
const meta = z
  .custom<Readonly<Record<string, Json>>>(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    'expected an object of plain JSON',
  )
  .refine(
    (value) => isShallow(value, metaDepth) && JSON.stringify(value).length <= jobBounds.meta,
    `expected at most ${metaDepth} levels and ${jobBounds.meta} characters as JSON`,
  )

function isShallow(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  return levels > 0 && Object.values(value).every((part) => isShallow(part, levels - 1))
}

/** What one awaiter of a ref wants: the latest or next outcome, or the final one. */
export const want = z.enum(['any', 'final'])

/**
 * Makes a job the only one of its key: while another with the key is younger than `period` seconds (absent for ever) and in
 * one of `states`, a submit stores its ref as an alias of that one. The key is a digest that the SDK makes; nothing here opens it.
 */
export const unique = z.strictObject({
  key: z.string().min(1).max(128),
  period: z.number().positive().max(jobBounds.scheduleIn).optional(),
  states: z.array(jobState).min(1).max(jobStates.length),
})
export type Unique = z.output<typeof unique>

/** A job as its caller sends it. What is absent has its default; `timeout` in ms, absent for none. */
export const jobRequest = z.strictObject({
  ref,
  name: jobName,
  queue: queueName.default(jobDefaults.queue),
  priority: z.int().min(0).max(jobBounds.priority).default(jobDefaults.priority),
  maxAttempts: z.int().min(1).max(jobBounds.maxAttempts).default(jobDefaults.maxAttempts),
  timeout: z.number().positive().optional(),
  /** Seconds from the moment the hub stores the job. */
  scheduleIn: z.number().min(0).max(jobBounds.scheduleIn).optional(),
  /** Milliseconds since the Unix epoch. */
  scheduledAt: z.int().min(0).max(8.64e15).optional(),
  tags: z.array(z.string().min(1).max(jobBounds.tag)).max(jobBounds.tags).default([]),
  meta: meta.default({}),
  codec,
  args: sealed,
  unique: unique.optional(),
  /** Cancelled when nobody has been attached to any of its refs for 30 s. */
  cancelOnDisconnect: z.literal(true).optional(),
  /** W3C traceparent of the caller's span. */
  trace: z.string().max(256).optional(),
  /** Attaches the submitting connection to the ref in the same breath. */
  want: want.optional(),
})
export type JobRequest = z.output<typeof jobRequest>
export type JobRequestInput = z.input<typeof jobRequest>
