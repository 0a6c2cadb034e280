import { z } from 'zod'
import { jobBounds } from '../job.js'
import { attemptErrorCodes } from '../result.js'
import { codec, ref, sealed } from './job.js'

/** Text beside sealed values. Half a surrogate pair is lost in a store; it is replaced here, so that everybody is told the same. */
const text = (longest: number) =>
  z
    .string()
    .max(longest)
    .overwrite((given) => given.replace(/\p{Surrogate}/gu, '\uFFFD'))

const message = text(8_192)

/**
 * What one attempt gave, as its worker reports it. Sealed are only values of the user; the headers the hub acts on are
 * plain. `trace` holds a thrown error's stack and cause and reaches only those who may see them.
 */
export const attemptOutcome = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('ok'), codec, value: sealed }),
  z.strictObject({ type: z.literal('cancel'), codec, value: sealed }),
  z.strictObject({ type: z.literal('discard'), codec, value: sealed }),
  z.strictObject({ type: z.literal('snooze'), seconds: z.number().min(0).max(jobBounds.delay) }),
  z.strictObject({
    type: z.literal('error'),
    code: z.enum(attemptErrorCodes).exclude(['crashed']),
    message,
    /** The class name of what was thrown; with `exception`. */
    name: text(256).optional(),
    codec,
    /** The sealed reason; with `failed`. */
    value: sealed.optional(),
    /** The sealed `{ stack, cause }`; with `exception`. */
    trace: sealed.optional(),
    /** Seconds until the next attempt by the definition's own backoff; absent for the default. */
    backoff: z.number().min(0).max(jobBounds.delay).optional(),
  }),
])
export type AttemptOutcome = z.output<typeof attemptOutcome>

/** What every stored outcome carries: its number within the job, 1, 2, …, whether it ended the job, and how many chunks its attempt emitted. */
const header = { number: z.int().min(1), attempt: z.int().min(0), final: z.boolean(), at: z.number(), chunks: z.int().min(0).optional() }

/** An outcome as it is stored and as awaiters get it. Times in ms since the Unix epoch. */
export const outcome = z.discriminatedUnion('type', [
  z.object({ ...header, type: z.literal('ok'), codec, value: sealed }),
  z.object({ ...header, type: z.literal('cancel'), codec, value: sealed }),
  z.object({ ...header, type: z.literal('discard'), codec, value: sealed }),
  z.object({ ...header, type: z.literal('snooze'), seconds: z.number() }),
  z.object({
    ...header,
    type: z.literal('error'),
    code: z.enum(attemptErrorCodes),
    message: z.string(),
    name: z.string().optional(),
    codec,
    value: sealed.optional(),
    trace: sealed.optional(),
    state: z.enum(['retryable', 'discarded']),
    retryAt: z.number().optional(),
  }),
])
export type Outcome = z.output<typeof outcome>

/** An outcome on its way to those who await its ref. */
export const refOutcome = z.object({ ref, outcome })
export type RefOutcome = z.output<typeof refOutcome>
