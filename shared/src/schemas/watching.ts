import { z } from 'zod'
import { waitings } from '../job.js'
import { codec, jobName, jobState, queueName, ref, sealed } from './job.js'
import { outcome } from './outcome.js'

const attempt = z.int().min(0)
const at = z.number()

/**
 * A job's runs are numbered 1, 2, … within it: each claim begins one. Unlike attempts, which may be given back, none has the
 * number of another. 0 is that of a job that was never claimed.
 */
const run = z.int().min(0)

/** One chunk that a run emitted; `index` counts from 0 within it. */
const chunk = z.object({ attempt, index: z.int().min(0), codec, value: sealed })
export type Chunk = z.output<typeof chunk>

/** How far a watcher has come: it has all chunks of `run` below `index`, and all outcomes up to `number`. */
export const cursor = z.strictObject({ run, index: z.int().min(0), number: z.int().min(0) })
export type Cursor = z.output<typeof cursor>

const unknown = { not_found: z.object({ ref, type: z.literal('not_found') }), expired: z.object({ ref, type: z.literal('expired') }) }

/**
 * Where a watched job stands, beyond the watcher's cursor. The progress and the chunks are those of its latest `run`; outcomes
 * up to number `after` came before it. `more` says that there are further chunks or outcomes: the watcher asks again from
 * where this brought it.
 */
export const watched = z.discriminatedUnion('type', [
  z.object({
    ref,
    type: z.literal('job'),
    state: jobState,
    attempt,
    run,
    after: z.int().min(0),
    at,
    progress: z.object({ attempt, codec, value: sealed }).nullable(),
    chunks: z.array(chunk),
    outcomes: z.array(outcome),
    more: z.boolean(),
  }),
  unknown.not_found,
  unknown.expired,
])
export type Watched = z.output<typeof watched>

/**
 * What a hub tells watchers of a ref, in the order in which it was stored: that a run began or that the job waits to be
 * claimed, what the run says of itself, and an outcome with the state and the attempt that it leads to.
 */
export const watchEvent = z.discriminatedUnion('type', [
  z.object({ ref, type: z.literal('state'), run, state: z.enum(['executing', 'available']), attempt, at }),
  z.object({ ref, type: z.literal('progress'), run, attempt, codec, value: sealed }),
  z.object({ ref, type: z.literal('chunk'), run, ...chunk.shape }),
  z.object({ ref, type: z.literal('outcome'), run, state: jobState, attempt, outcome }),
])
export type WatchEvent = z.output<typeof watchEvent>

/** The whole truth about a job but its values. `errors` are its failed attempts, oldest first, at most the last 100. */
export const inspection = z.discriminatedUnion('type', [
  z.object({
    ref,
    type: z.literal('job'),
    name: jobName,
    queue: queueName,
    state: jobState,
    /** Null once the job has ended. */
    waiting: z.enum(waitings).nullable(),
    attempt,
    maxAttempts: z.int(),
    priority: z.int(),
    tags: z.array(z.string()),
    meta: z.record(z.string(), z.unknown()),
    cancelRequested: z.boolean(),
    errors: z.array(outcome),
    insertedAt: at,
    scheduledAt: at,
    attemptedAt: at.nullable(),
    finishedAt: at.nullable(),
  }),
  unknown.not_found,
  unknown.expired,
])
export type Inspection = z.output<typeof inspection>

/** What became of a wish to cancel: done, asked of the worker that runs it, or too late. */
export const cancelled = z.discriminatedUnion('type', [
  z.object({ ref, type: z.enum(['cancelled', 'requested', 'finished']), state: jobState }),
  unknown.not_found,
  unknown.expired,
])
export type Cancelled = z.output<typeof cancelled>
