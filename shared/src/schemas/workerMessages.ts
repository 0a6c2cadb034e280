import { z } from 'zod'
import type { Json } from '../job.js'
import { codec, jobName, queueName, sealed } from './job.js'
import { attemptOutcome } from './outcome.js'

/** A claim on one job: its id, and the token that fences everything its holder says about it. */
export const lease = z.strictObject({ jobId: z.string().min(1).max(32), lease: z.string().length(32) })
export type Lease = z.output<typeof lease>

const leases = z.array(lease)

/** A job handed to a worker to run. It names no ref: a worker never sees one. */
export const assignment = z.object({
  ...lease.shape,
  name: jobName,
  queue: queueName,
  attempt: z.int().min(1),
  maxAttempts: z.int().min(1),
  timeout: z.number().optional(),
  scheduledAt: z.number(),
  meta: z.custom<Readonly<Record<string, Json>>>(),
  codec,
  args: sealed,
  trace: z.string().optional(),
})
export type Assignment = z.output<typeof assignment>

/** What an attempt gave, and how many chunks it emitted before. */
export const settlement = z.strictObject({ ...lease.shape, outcome: attemptOutcome, chunks: z.int().min(0).optional() })

/** A running attempt's latest progress. */
export const progressReport = z.strictObject({ ...lease.shape, codec, value: sealed })
export type ProgressReport = z.output<typeof progressReport>

/** One chunk of a running attempt; `index` counts from 0 within it. */
export const emission = z.strictObject({ ...lease.shape, index: z.int().min(0), codec, value: sealed })
export type Emission = z.output<typeof emission>

/** Why an emitted chunk was not stored: its lease is lost, an earlier chunk is missing, or the attempt is past its bound. */
export const emitVerdicts = ['stored', 'stale', 'gap', 'full'] as const
export type EmitVerdict = (typeof emitVerdicts)[number]

/** Worker to hub. Each is acknowledged with an {@link Answer}. */
export const workerMessages = {
  /**
   * What this worker runs, slots by queue, and the leases it still holds from before. Sent on every connection.
   * Answered with `{ held, leaseMs }`: whether each lease, in order, is still held, and how long a lease lasts.
   */
  register: z.strictObject({
    names: z.array(jobName).max(10_000),
    queues: z.record(queueName, z.int().min(1).max(100_000)),
    held: leases,
  }),
  /** What attempts gave. Answered, once durable, with `settled` or `stale` for each, in order. A resend is harmless. */
  settle: z.strictObject({ settlements: z.array(settlement).min(1) }),
  /** Keeps leases for another term. Answered with whether each is still held. */
  renew: z.strictObject({ leases: leases.min(1) }),
  /** Keeps the latest progress of running attempts and tells their watchers. Answered with `stored` or `stale` for each. */
  progress: z.strictObject({ reports: z.array(progressReport).min(1) }),
  /** Stores chunks, in order within each attempt. Answered, once durable, with a verdict for each. A resend is harmless. */
  emit: z.strictObject({ chunks: z.array(emission).min(1) }),
  /** Takes no further jobs, and hands back those named, their attempts not consumed. Answered with `released` or `stale` for each. */
  drain: z.strictObject({ release: leases }),
} as const
export type Registration = z.output<typeof workerMessages.register>
export type Settlement = z.output<typeof settlement>
