import { ok, deepStrictEqual as same } from 'node:assert/strict'
import type { Cursor, JobRequest, Lease, Outcome } from '@anchorleg/shared'
import type { Announcement, Claimed, ClaimRequest, Lookup, Store } from '#server/store/store.js'
import { aJob, leaseOf, type Opened, only } from '../harness.js'
import { ended, type Fate, type Job, Model, minute } from './model.js'
import type { Among, Pick, Wish } from './steps.js'

/**
 * How far a store's clock may run ahead of the model's within one sequence, in ms: its steps take time, the model's do not. All that
 * steps wait for is whole minutes, and no backoff is shorter than this, so that the two agree on what is due.
 */
const slack = 14_000

/** What was sent, and under what tenant. */
export interface Sent {
  readonly tenant: string
  readonly job: JobRequest
}

/** A store and its model side by side: what every step needs to compare the two. */
export class Pair {
  readonly model = new Model()
  readonly sent: Sent[] = []
  readonly tokens: Lease[] = []
  /** How far each watcher has come, by tenant and ref. */
  readonly cursors = new Map<string, Cursor>()
  store: Store
  /** The job that was the last to tell of itself. */
  last: Job | undefined
  #base = 0
  #values = 0

  constructor(
    readonly opened: Opened,
    /** What happened, and how often: whoever reads of a run sees what it has tried. */
    private readonly happened: Map<string, number>,
  ) {
    this.store = opened.store
  }

  note(event: string, count = 1): void {
    if (count > 0) this.happened.set(event, (this.happened.get(event) ?? 0) + count)
  }

  /** Learns what time the store has: from a job that nobody ever claims. */
  async begin(): Promise<void> {
    const job = aJob({ queue: 'nobody', name: 'nobody' })
    const { inserted } = await this.store.insert([{ tenant: 'nobody', job }], [])
    const first = only(inserted)
    ok(first.type === 'inserted')
    this.#base = first.dueAt
  }

  pass(minutes: number): void {
    this.opened.advance(minutes * minute)
    this.model.now += minutes * minute
  }

  /** A value that no other is equal to. */
  value(): string {
    return `[${this.#values++}]`
  }

  /** A time of the store's as the model counts it. */
  timeOf(at: number): number {
    return at - this.#base
  }

  /** A time of the store's that must be the present. */
  present(at: number, what: string): number {
    const time = this.timeOf(at)
    ok(time >= this.model.now && time <= this.model.now + slack, `${what}: ${time} is not the present, ${this.model.now}`)
    return time
  }

  /** Whether a time has come. */
  reached(time: number): boolean {
    return time <= this.model.now + slack
  }

  job(id: string): Job {
    const job = this.model.jobs.get(id)
    ok(job, `nobody knows job ${id}`)
    return job
  }

  /** The lease a step speaks of, and its job if it is the one that counts. */
  pick({ of, which }: Pick): { lease: Lease; job: Job | undefined } | undefined {
    const counts = ({ jobId, lease }: Lease) => this.model.jobs.get(jobId)?.token === lease
    const held = of === 'any' ? this.tokens : this.tokens.filter(counts)
    const last = of === 'last' ? held.filter(({ jobId }) => jobId === this.last?.id) : []
    const among = last.length > 0 ? last : held
    const lease = among[which % among.length]
    return lease && { lease, job: counts(lease) ? this.job(lease.jobId) : undefined }
  }

  /** A ref that was sent once. */
  lookup(which: number, of: Among = 'any'): Lookup | undefined {
    const among = this.sent.filter(({ tenant, job: { ref } }) => {
      const job = this.model.find(tenant, ref)
      if (of === 'any' || typeof job === 'string') return of === 'any'
      return of === 'running' ? job.state === 'executing' : of === 'telling' ? job.run !== null : job === this.last
    })
    const sent = among[which % among.length]
    return sent && { tenant: sent.tenant, ref: sent.job.ref }
  }

  /** What is announced of a job must be its fate; then the model has it too. */
  announced(announcement: Announcement, job: Job, fate: Fate): void {
    const { outcome } = announcement
    const at = this.present(outcome.at, 'an outcome')
    sameOutcome(outcome, fate)
    same(announcement.jobId, job.id)
    same(announcement.tenant, job.tenant)
    same([announcement.refs[0], [...announcement.refs].sort()], [job.refs[0], [...job.refs].sort()])
    same([announcement.queue, announcement.name, announcement.state], [job.request.queue, job.request.name, fate.state])
    if (fate.wait === null) same(announcement.dueAt, null)
    else {
      const wait = (announcement.dueAt ?? Number.NaN) - outcome.at
      ok(wait >= fate.wait[0] && wait <= fate.wait[1], `waits ${wait} ms rather than ${fate.wait}`)
      if (outcome.type === 'error') same(outcome.retryAt, announcement.dueAt)
    }
    this.note(`${job.state} → ${fate.state}${fate.outcome.code === 'crashed' ? ' by a crash' : ''}`)
    const { attempt, run } = announcement
    same({ attempt, run }, { attempt: job.attempt - (outcome.type === 'snooze' ? 1 : 0), run: job.runs })
    this.model.conclude(job, fate, at, announcement.dueAt === null ? null : this.timeOf(announcement.dueAt))
  }

  /** Wishes as claims of a worker each. */
  claims(wishes: readonly Wish[]): ClaimRequest[] {
    return wishes.map((wish, i) => ({ worker: `w${i}`, ...wish }))
  }

  /** Claimed jobs must be the first of their tenants, as many as there are, may run, and were wished for. */
  claimed(wishes: readonly Wish[], claimed: readonly Claimed[]): void {
    const { model } = this
    wishes.forEach((wish, i) => {
      const own = claimed.filter(({ worker }) => worker === `w${i}`)
      const waiting = model.claimable(wish)
      if (Math.min(wish.limit, waiting.length) > model.room(wish.queue))
        this.note(model.paused(wish.queue) ? 'claim held by a pause' : 'claim held by a limit')
      same(own.length, Math.min(wish.limit, model.room(wish.queue), waiting.length), 'how many jobs were claimed')
      for (const tenant of ['t1', 't2']) {
        const ids = own.map(({ assignment }) => assignment.jobId).filter((id) => this.job(id).tenant === tenant)
        const first = waiting.filter((job) => job.tenant === tenant).slice(0, ids.length)
        same(
          ids,
          first.map(({ id }) => id),
          'which jobs were claimed',
        )
      }
      for (const each of own) this.#assigned(each, `w${i}`)
    })
    ok(claimed.every(({ worker }) => Number(worker.slice(1)) < wishes.length))
  }

  #assigned({ run, assignment }: Claimed, worker: string): void {
    const job = this.job(assignment.jobId)
    ok(!this.tokens.some(({ lease }) => lease === assignment.lease), 'a token was given twice')
    this.note('available → executing')
    this.model.claim(job, assignment.lease, worker)
    same(run, job.runs, 'a run was not counted')
    this.tokens.push(leaseOf(assignment))
    const { name, queue, args, codec } = job.request
    const { attempt, maxAttempts, snoozed } = job
    const told = { name, queue, args, codec, attempt, maxAttempts, meta: snoozed > 0 ? { snoozed } : {} }
    const { jobId, lease, scheduledAt, ...rest } = assignment
    same(rest, told)
    same(this.timeOf(scheduledAt), job.dueAt)
  }

  /** Where every ref that was ever sent stands must be where the model has it. */
  async compare(): Promise<void> {
    const { model } = this
    const lookups = this.sent.map(({ tenant, job }) => ({ tenant, ref: job.ref }))
    const readings = await this.store.read(lookups)
    lookups.forEach(({ tenant, ref }, i) => {
      const reading = readings[i]
      const job = model.find(tenant, ref)
      if (typeof job === 'string' || reading?.type !== 'known') return same(reading?.type, typeof job === 'string' ? job : 'known')
      const { jobId, state, attempt, queue, name, paused, dueAt } = reading.job
      same(
        { jobId, state, attempt, queue, name, paused, dueAt: this.timeOf(dueAt) },
        {
          jobId: job.id,
          state: job.state,
          attempt: job.attempt,
          queue: job.request.queue,
          name: job.request.name,
          paused: model.paused(job.request.queue),
          dueAt: job.dueAt,
        },
      )
      const latest = job.outcomes.at(-1)
      same(reading.latest?.number, latest?.number)
      same(reading.latest?.final, latest?.final)
      if (ended(job.state)) same(reading.latest?.final, true)
    })
  }
}

/** Compares an outcome with what it was to be, but for its time and its values. */
function sameOutcome(outcome: Outcome, { outcome: expected, state, reason }: Fate): void {
  const { number, attempt, type, final, chunks } = outcome
  const code = outcome.type === 'error' ? { code: outcome.code } : {}
  same({ number, attempt, type, final, ...code, ...(chunks !== undefined && { chunks }) }, expected)
  if (reason !== undefined) same(outcome.type === 'cancel' && outcome.value, reason)
  if (outcome.type === 'error') same(outcome.state, state === 'discarded' ? 'discarded' : 'retryable')
}
