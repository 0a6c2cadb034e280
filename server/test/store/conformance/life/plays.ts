import { ok, deepStrictEqual as same } from 'node:assert/strict'
import type { Held, Lookup } from '#server/store/store.js'
import { emission, only } from '../harness.js'
import { insert } from './insert.js'
import { inspect, watch } from './looks.js'
import { ended, type Job, minute, terms } from './model.js'
import type { Pair } from './pair.js'
import { settle } from './settle.js'
import type { Step } from './steps.js'

type StepOf<Does extends Step['does']> = Extract<Step, { does: Does }>
type Play<Does extends Step['does']> = (pair: Pair, step: StepOf<Does>) => Promise<void> | void

/** Takes a step on the store and on the model, and compares what the store answers with what the model says. */
export function play(pair: Pair, step: Step): Promise<void> | void {
  return (plays[step.does] as Play<Step['does']>)(pair, step)
}

const plays: { readonly [Does in Step['does']]: Play<Does> } = {
  insert,
  settle,
  watch,
  inspect,

  async claim(pair, { wishes }) {
    pair.claimed(wishes, await pair.store.claim(pair.claims(wishes)))
  },

  async renew(pair, { token, minutes, worker }) {
    const picked = pair.pick(token)
    if (!picked) return
    const { lease, job } = picked
    same(only(await pair.store.renew([lease], minutes * minute, worker)), heldOf(job))
    if (!job) return
    job.leaseEnd = pair.model.now + minutes * minute
    job.worker = worker ?? job.worker
  },

  async shorten(pair, { token, minutes, worker }) {
    const picked = pair.pick(token)
    if (!picked) return
    const { lease, job } = picked
    const shortened = only(await pair.store.shorten([lease], minutes * minute, worker))
    same(shortened, job?.worker === worker)
    if (!job || !shortened) return
    pair.note('lease shortened')
    job.leaseEnd = Math.min(job.leaseEnd, pair.model.now + minutes * minute)
  },

  async held(pair, { token }) {
    const picked = pair.pick(token)
    if (picked) same(only(await pair.store.held([picked.lease])), heldOf(picked.job))
  },

  async release(pair, { token }) {
    const picked = pair.pick(token)
    if (!picked) return
    const { lease, job } = picked
    const released = only(await pair.store.release([lease]))
    if (!job) return same(released, null)
    ok(released)
    if ('announcement' in released) {
      pair.note('cancelled when handed back')
      ok(job.cancel, 'ended without being asked to')
      return pair.announced(released.announcement, job, pair.model.cancel(job))
    }
    ok(!job.cancel, 'waits again though it was to be cancelled')
    pair.note('executing → available by a release')
    job.handedBack = job.runs
    job.state = 'available'
    job.attempt -= 1
    job.token = null
    same(released, { jobId: job.id, queue: job.request.queue, name: job.request.name, attempt: job.attempt, run: job.runs })
  },

  async cancel(pair, { ref, of }) {
    const lookup = pair.lookup(ref, of)
    if (!lookup) return
    const job = pair.model.find(lookup.tenant, lookup.ref)
    const reason = pair.value()
    const cancelled = only(await pair.store.cancel([{ ...lookup, reason: { codec: 'd6', value: reason } }]))
    if (typeof job === 'string') return same(cancelled, { type: job })
    if (ended(job.state)) return same(cancelled, { type: 'finished', state: job.state })
    if (job.state === 'executing') {
      job.cancel ??= { reason, by: pair.model.now + terms.cancelGraceMs }
      const stored = { codec: 'd6', value: job.cancel.reason }
      same(cancelled, { type: 'requested', lease: { jobId: job.id, lease: job.token }, state: 'executing', reason: stored })
      pair.note('cancel requested')
      return
    }
    ok(cancelled.type === 'cancelled')
    const { outcome } = cancelled.announcement
    same(outcome.type === 'cancel' && outcome.value, reason)
    pair.announced(cancelled.announcement, job, pair.model.cancel(job))
  },

  async retry(pair, { ref }) {
    const lookup = pair.lookup(ref)
    if (!lookup) return
    const job = pair.model.find(lookup.tenant, lookup.ref)
    const retried = only(await pair.store.retry([lookup]))
    if (typeof job === 'string') return same(retried, { type: job })
    if (!ended(job.state)) return same(retried, { type: 'unfinished' })
    const { queue, name } = job.request
    same(retried, { type: 'retried', waiter: { jobId: job.id, queue, name, attempt: job.attempt, run: job.runs } })
    pair.note(`${job.state} → available by a retry`)
    const reading = only(await pair.store.read([lookup]))
    ok(reading.type === 'known')
    job.dueAt = pair.present(reading.job.dueAt, 'the due time of a retried job')
    job.state = 'available'
    job.maxAttempts = Math.max(job.maxAttempts, job.attempt + 1)
    job.cancel = null
    job.finishedAt = null
    job.attendedAt = null
  },

  async progress(pair, { token }) {
    const picked = pair.pick(token)
    if (!picked) return
    const { lease, job } = picked
    const value = pair.value()
    const told = only(await pair.store.progress([{ ...lease, codec: 'd6', value }]))
    if (!job) return same(told, null)
    same(told, toldOf(job, told?.refs))
    pair.note('progress stored')
    runOf(pair, job).progress = value
  },

  async emit(pair, { token, from, count }) {
    const picked = pair.pick(token)
    if (!picked) return
    const { lease, job } = picked
    const before = job?.run?.chunks.length ?? 0
    const start = { next: before, again: Math.max(0, before - count), beyond: before + 1 }[from]
    const emissions = Array.from({ length: count }, (_, i) => emission(lease, start + i, pair.value()))
    const emitted = await pair.store.emit(emissions)
    emissions.forEach(({ index, value }, i) => {
      const each = emitted[i]
      if (!job) return same(each, { verdict: 'stale' })
      const { chunks } = runOf(pair, job)
      if (index > chunks.length) return same(each, { verdict: 'gap' })
      if (index < chunks.length) return same(each, { verdict: 'stored', told: null })
      ok(each?.verdict === 'stored')
      same(each.told, toldOf(job, each.told?.refs))
      pair.note('chunk stored')
      chunks.push(value)
    })
  },

  pass: (pair, { minutes }) => pair.pass(minutes),

  async queue(pair, { queue, paused, limit }) {
    const known = pair.model.queues.get(queue) ?? { paused: false, limit: null }
    const state = { paused: paused ?? known.paused, limit: limit === undefined ? known.limit : limit }
    pair.model.queues.set(queue, state)
    same(await pair.store.setQueues([{ queue, paused, limit }]), [{ queue, ...state }])
    const all = [...pair.model.queues].map(([name, each]) => ({ queue: name, ...each }))
    same(
      await pair.store.queues(),
      all.sort((a, b) => (a.queue < b.queue ? -1 : 1)),
    )
  },

  async stage(pair) {
    const { staged, nextDueAt } = await pair.store.stage(1_000)
    const waiting = [...pair.model.jobs.values()].filter(({ state }) => state === 'scheduled' || state === 'retryable')
    const due = waiting.filter(({ dueAt }) => pair.reached(dueAt))
    for (const job of due) {
      pair.note(`${job.state} → available`)
      job.state = 'available'
    }
    const waiter = ({ id, attempt, runs, request: { queue, name } }: Job) => ({ jobId: id, queue, name, attempt, run: runs })
    same([...staged].sort(byJob), due.map(waiter).sort(byJob))
    const left = waiting.filter((job) => !due.includes(job)).map(({ dueAt }) => dueAt)
    same(nextDueAt === null ? null : pair.timeOf(nextDueAt), left.length === 0 ? null : Math.min(...left))
  },

  async expire(pair, { youngMinutes }) {
    const youngMs = youngMinutes === undefined ? undefined : youngMinutes * minute
    const overdue = pair.model.overdue(youngMs === undefined ? Number.NEGATIVE_INFINITY : pair.model.now - youngMs)
    const expired = await pair.store.expire(1_000, youngMs)
    same(expired.map(({ lease }) => lease).sort(byJob), overdue.map(({ id, token }) => ({ jobId: id, lease: token })).sort(byJob))
    for (const { lease, announcement } of expired) {
      const job = pair.job(lease.jobId)
      if (job.leaseEnd > pair.model.now) pair.note('cancelled after its grace')
      pair.announced(announcement, job, pair.model.lose(job))
    }
  },

  async prune(pair) {
    const { model } = pair
    const outlived = [...model.jobs.values()].filter(({ finishedAt }) => finishedAt !== null && finishedAt + terms.retentionMs < model.now)
    const pruned = await pair.store.prune(1_000)
    same(pruned.map(keyOf).sort(), outlived.flatMap(({ tenant, refs }) => refs.map((ref) => keyOf({ tenant, ref }))).sort())
    pair.note('pruned', outlived.length)
    for (const job of outlived) {
      model.remove(job)
      for (const ref of job.refs) pair.cursors.delete(keyOf({ tenant: job.tenant, ref }))
    }
  },

  async reopen(pair) {
    pair.note('reopened')
    pair.store = await pair.opened.reopen()
  },

  async attend(pair, { ref }) {
    const lookup = pair.lookup(ref)
    if (!lookup) return
    const job = pair.model.find(lookup.tenant, lookup.ref)
    const matters = only(await pair.store.attend([lookup]))
    if (typeof job === 'string') return same(matters, job === 'not_found')
    same(matters, job.attendedAt !== null && !ended(job.state))
    if (matters) job.attendedAt = pair.model.now
  },

  async abandoned(pair) {
    const { jobs, now } = pair.model
    const left = [...jobs.values()].filter(({ attendedAt, state }) => attendedAt !== null && !ended(state) && now - attendedAt > patience)
    pair.note('abandoned', left.length)
    same(
      (await pair.store.abandoned(patience, 1_000)).map(keyOf).sort(),
      left.map(({ tenant, refs }) => keyOf({ tenant, ref: refs[0] ?? '' })).sort(),
    )
  },

  /** A count may be some seconds old, so a minute passes first. */
  async measure(pair) {
    pair.pass(1)
    const jobs = [...pair.model.jobs.values()].filter(({ state }) => !ended(state))
    const expected = new Map([['nobody available', 1]])
    for (const { state, request } of jobs) expected.set(`${request.queue} ${state}`, 1 + (expected.get(`${request.queue} ${state}`) ?? 0))
    const depths = await pair.store.depths()
    same(new Map(depths.map(({ queue, state, count }) => [`${queue} ${state}`, count])), expected)
  },
}

/** Half a minute more than whole ones, so that nobody is gone for exactly as long. */
const patience = 2.5 * minute

function keyOf({ tenant, ref }: Lookup): string {
  return `${tenant} ${ref}`
}

/** What is held under the lease of a job that counts. */
function heldOf(job: Job | undefined): Held | null {
  if (!job) return null
  const { queue, name } = job.request
  return { jobId: job.id, tenant: job.tenant, queue, name, cancel: job.cancel && { codec: 'd6', value: job.cancel.reason } }
}

function byJob(a: { readonly jobId: string }, b: { readonly jobId: string }): number {
  return Number(a.jobId) - Number(b.jobId)
}

/** Whom to tell of a job. Its own ref comes first; the order of the others is the store's. */
function toldOf(job: Job, refs: readonly string[] = []) {
  same([refs[0], [...refs].sort()], [job.refs[0], [...job.refs].sort()])
  return { tenant: job.tenant, refs, jobId: job.id, attempt: job.attempt, run: job.runs }
}

function runOf(pair: Pair, job: Job) {
  pair.last = job
  job.run ??= { attempt: job.attempt, after: job.outcomes.length, chunks: [], progress: null }
  return job.run
}
