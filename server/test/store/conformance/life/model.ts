import type { JobRequest, JobState } from '@anchorleg/shared'
import type { Given, Wish } from './steps.js'

/**
 * What a store of jobs is, said once more and as simply as it goes: plain objects, no SQL, no state machine of the hub's. It
 * follows sections 5 and 6 of the design; where a store disagrees with it, one of the two is wrong.
 *
 * Times are ms since the sequence began, and stand still within a step.
 */

export const minute = 60_000

/** Half a minute more than whole ones, so that nothing is exactly as old as its retention. */
export const terms = { leaseMs: 10 * minute, cancelGraceMs: 3 * minute, retentionMs: 60.5 * minute, tombstoneMs: 120 * minute }

export interface ModelOutcome {
  readonly number: number
  readonly attempt: number
  readonly type: 'ok' | 'cancel' | 'discard' | 'snooze' | 'error'
  readonly code?: string
  readonly final: boolean
  readonly chunks?: number
}

/** What one run of a job has told of itself; `after` is how many outcomes came before it. */
export interface Run {
  readonly attempt: number
  readonly after: number
  readonly chunks: string[]
  progress: string | null
}

export interface Job {
  /** The store's; empty until it has answered. */
  id: string
  readonly tenant: string
  /** Its own ref, then its aliases. */
  readonly refs: string[]
  readonly request: JobRequest
  readonly insertedAt: number
  state: JobState
  attempt: number
  maxAttempts: number
  dueAt: number
  crashes: number
  snoozed: number
  token: string | null
  leaseEnd: number
  /** The connection that holds its lease. */
  worker: string
  claimedAt: number
  settledBy: string | null
  cancel: { readonly reason: string; by: number } | null
  readonly outcomes: ModelOutcome[]
  /** How often it was claimed. */
  runs: number
  /** The last of its runs that was handed back. */
  handedBack: number
  /** What its latest run has told; null while that is nothing. */
  run: Run | null
  finishedAt: number | null
  /** When somebody was last attached; null when it does not ask for that. */
  attendedAt: number | null
  gone: boolean
}

/** What becomes of a job, and how long it then waits at least and at most; null when it has ended. */
export interface Fate {
  readonly state: JobState
  readonly outcome: ModelOutcome
  readonly wait: readonly [number, number] | null
  /** Why it was cancelled, where a caller said so. */
  readonly reason?: string
}

export const ended = (state: JobState) => state === 'completed' || state === 'cancelled' || state === 'discarded'

export class Model {
  now = 0
  readonly jobs = new Map<string, Job>()
  /** By tenant and ref: the job a ref leads to, and what was sent under it. */
  readonly refs = new Map<string, { readonly job: Job; readonly content: string; readonly alias: boolean }>()
  readonly tombstones = new Map<string, number>()
  readonly keys = new Map<string, { readonly job: Job; readonly until: number }>()
  readonly queues = new Map<string, { paused: boolean; limit: number | null }>()

  /** Where a ref leads. */
  find(tenant: string, ref: string): Job | 'expired' | 'not_found' {
    const known = this.refs.get(`${tenant} ${ref}`)
    if (known) return known.job
    return (this.tombstones.get(`${tenant} ${ref}`) ?? 0) > this.now ? 'expired' : 'not_found'
  }

  /** The job that holds a unique key against this request. */
  holder(tenant: string, { unique }: JobRequest): Job | undefined {
    const held = unique && this.keys.get(`${tenant} ${unique.key}`)
    if (!held || held.until <= this.now || held.job.gone) return undefined
    return unique.states.includes(held.job.state) ? held.job : undefined
  }

  paused(queue: string): boolean {
    return this.queues.get(queue)?.paused ?? false
  }

  /** How many more jobs of a queue may run. */
  room(queue: string): number {
    const { paused, limit } = this.queues.get(queue) ?? { paused: false, limit: null }
    if (paused) return 0
    const running = [...this.jobs.values()].filter((job) => job.state === 'executing' && job.request.queue === queue).length
    return limit === null ? Number.POSITIVE_INFINITY : Math.max(0, limit - running)
  }

  /** The jobs a claim may get, in order. */
  claimable({ queue, names }: Wish): Job[] {
    const jobs = [...this.jobs.values()].filter(
      ({ state, request }) => state === 'available' && request.queue === queue && names.includes(request.name),
    )
    return jobs.sort((a, b) => a.request.priority - b.request.priority || a.dueAt - b.dueAt || Number(a.id) - Number(b.id))
  }

  claim(job: Job, token: string, worker: string): void {
    job.state = 'executing'
    job.attempt += 1
    job.runs += 1
    job.token = token
    job.leaseEnd = this.now + terms.leaseMs
    job.worker = worker
    job.claimedAt = this.now
    job.run = null
  }

  /** What an attempt's own word makes of its job. */
  settle(job: Job, given: Given, chunks: number | undefined): Fate {
    const outcome = { number: job.outcomes.length + 1, attempt: job.attempt, ...(chunks !== undefined && { chunks }) }
    if (given.type === 'ok') return { state: 'completed', wait: null, outcome: { ...outcome, type: 'ok', final: true } }
    if (given.type === 'discard') return { state: 'discarded', wait: null, outcome: { ...outcome, type: 'discard', final: true } }
    if (given.type === 'cancel' || job.cancel) {
      return { state: 'cancelled', wait: null, outcome: { ...outcome, type: 'cancel', final: true }, ...askedFor(job) }
    }
    if (given.type === 'snooze') {
      const wait = given.minutes * minute
      return { state: 'scheduled', wait: [wait, wait], outcome: { ...outcome, type: 'snooze', final: false } }
    }
    const over = given.code === 'invalid_args' || job.attempt >= job.maxAttempts
    const error = { ...outcome, type: 'error' as const, code: given.code, final: over }
    if (over) return { state: 'discarded', wait: null, outcome: error }
    return { state: 'retryable', wait: given.minutes === null ? backoff(job) : [given.minutes * minute, given.minutes * minute], outcome: error }
  }

  /** What the loss of its worker makes of a job. */
  lose(job: Job): Fate {
    if (job.cancel) return this.cancel(job)
    const over = job.attempt >= job.maxAttempts
    const outcome = { number: job.outcomes.length + 1, attempt: job.attempt, type: 'error' as const, code: 'crashed', final: over, ...counted(job) }
    if (over) return { state: 'discarded', wait: null, outcome }
    return job.crashes === 0 ? { state: 'available', wait: [0, 0], outcome } : { state: 'retryable', wait: backoff(job), outcome }
  }

  cancel(job: Job): Fate {
    const outcome = { number: job.outcomes.length + 1, attempt: job.attempt, type: 'cancel' as const, final: true }
    return { state: 'cancelled', wait: null, outcome: { ...outcome, ...(job.state === 'executing' && counted(job)) }, ...askedFor(job) }
  }

  /** Carries a fate out. The times are the store's own, which have been found right. */
  conclude(job: Job, fate: Fate, at: number, dueAt: number | null): void {
    const { type, code } = fate.outcome
    if (type === 'snooze') {
      job.attempt -= 1
      job.snoozed += 1
    }
    if (code === 'crashed') job.crashes += 1
    job.state = fate.state
    job.dueAt = dueAt ?? job.dueAt
    job.finishedAt = ended(fate.state) ? at : null
    job.token = null
    job.outcomes.push(fate.outcome)
  }

  /**
   * The jobs whose lease has ended, and those that were to stop and have not within their grace; only what was claimed, or asked for,
   * since then.
   */
  overdue(since: number): Job[] {
    const isSilent = ({ leaseEnd, claimedAt }: Job) => leaseEnd <= this.now && claimedAt >= since
    const isStubborn = ({ cancel }: Job) => cancel !== null && cancel.by <= this.now && cancel.by - terms.cancelGraceMs >= since
    return [...this.jobs.values()].filter((job) => job.state === 'executing' && (isSilent(job) || isStubborn(job)))
  }

  remove(job: Job): void {
    this.jobs.delete(job.id)
    job.gone = true
    for (const ref of job.refs) {
      this.refs.delete(`${job.tenant} ${ref}`)
      this.tombstones.set(`${job.tenant} ${ref}`, this.now + terms.tombstoneMs)
    }
  }
}

function askedFor({ cancel }: Job): { reason?: string } {
  return cancel ? { reason: cancel.reason } : {}
}

/** The chunks that are stored, for an outcome that no worker told the number of. */
function counted({ run }: Job): { chunks?: number } {
  return run && run.chunks.length > 0 ? { chunks: run.chunks.length } : {}
}

/** 15 s and 2ⁿ s more, and up to a tenth of that; n is the attempt, on a ladder of 20 where there may be more than that. */
function backoff({ attempt, maxAttempts }: Job): readonly [number, number] {
  const n = maxAttempts > 20 ? Math.round((attempt / maxAttempts) * 20) : attempt
  const least = (15 + 2 ** n) * 1000
  return [least, Math.ceil(least * 1.1)]
}
