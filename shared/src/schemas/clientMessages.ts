import { z } from 'zod'
import { jobRequest, ref, want } from './job.js'

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
} as const

/** One entry of `submit`, parsed by itself so that a bad one does not refuse its neighbours. */
export const submitEntry = jobRequest
