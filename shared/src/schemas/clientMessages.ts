import { z } from 'zod'
import { codec, jobRequest, ref, sealed, want } from './job.js'
import { cursor } from './watching.js'

const wants = z.array(z.strictObject({ ref, want })).min(1)

/** Client to hub. Each is acknowledged with an {@link Answer}. */
export const clientMessages = {
  /** Stores jobs; `atomic` stores all or none. Answered, once durable, with one `Submitted` for each, in order. */
  submit: z.strictObject({ jobs: z.array(z.unknown()).min(1), atomic: z.boolean().default(false) }),
  /** Joins ref rooms, then reads the store. Answered with one `Standing` for each, in order; an outcome ends the attachment. */
  attach: z.strictObject({ refs: wants }),
  /** Reads the store without joining: what an awaiter asks once at its deadline. Answered like `attach`. */
  look: z.strictObject({ refs: wants }),
  /** Leaves ref rooms. Answered with how many were left. */
  detach: z.strictObject({ refs: wants }),
  /** Cancels jobs, each with a sealed reason. Answered, once durable, with one `Cancelled` for each, in order. */
  cancel: z.strictObject({ cancels: z.array(z.strictObject({ ref, codec, reason: sealed })).min(1) }),
  /** Reads all there is to know about jobs but their values. Answered with one `Inspection` for each, in order. */
  inspect: z.strictObject({ refs: z.array(ref).min(1) }),
  /** Joins watch rooms, then reads what is stored beyond each cursor (absent for the start of the current attempt). Answered with one `Watched` for each. */
  watch: z.strictObject({ watches: z.array(z.strictObject({ ref, from: cursor.optional() })).min(1) }),
  /** Leaves watch rooms. Answered with how many were named. */
  unwatch: z.strictObject({ refs: z.array(ref).min(1) }),
} as const

/** One entry of `submit`, parsed by itself so that a bad one does not refuse its neighbours. */
export const submitEntry = jobRequest
