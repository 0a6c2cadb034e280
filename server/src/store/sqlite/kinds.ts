import type { JobState, Outcome, Settlement } from '@anchorleg/shared'
import type { Claimed, Inserted, Insertion, Settled } from '../store.js'
import type { Kind } from './flat.js'

type OptionalKeys<T> = { [Key in keyof T]-?: Record<never, never> extends Pick<T, Key> ? Key : never }[keyof T]

/** What few jobs ask for. A wish that is new has to be named here, or laid flat. */
type RareWish = Exclude<OptionalKeys<Insertion['job']>, 'timeout' | 'trace'>
const rareWishes = Object.keys({
  scheduleIn: true,
  scheduledAt: true,
  unique: true,
  cancelOnDisconnect: true,
} satisfies Record<RareWish, true>) as RareWish[]

/** Flat are new jobs that stand by themselves, without tags, meta and rare wishes. */
export const insertions: Kind<Insertion> = {
  width: 10,
  lay({ tenant, unit, job }, onto) {
    if (unit !== undefined || job.tags.length > 0 || !isEmpty(job.meta) || rareWishes.some((wish) => job[wish] !== undefined)) return false
    const { ref, name, queue, priority, maxAttempts, codec, args, timeout, trace } = job
    onto.push(tenant, ref, name, queue, priority, maxAttempts, codec, args, timeout, trace)
    return true
  },
  raise(flat, at) {
    const timeout = flat[at + 8] as number | undefined
    const trace = flat[at + 9] as string | undefined
    return {
      tenant: flat[at] as string,
      job: {
        ref: flat[at + 1] as string,
        name: flat[at + 2] as string,
        queue: flat[at + 3] as string,
        priority: flat[at + 4] as number,
        maxAttempts: flat[at + 5] as number,
        codec: flat[at + 6] as string,
        args: flat[at + 7] as string,
        ...(timeout !== undefined && { timeout }),
        ...(trace !== undefined && { trace }),
        tags: [],
        meta: {},
      },
    }
  },
}

/** Flat is what became of a new job that was stored. */
export const inserted: Kind<Inserted> = {
  width: 5,
  lay(given, onto) {
    if (given.type !== 'inserted' || given.conflict) return false
    const { jobId, state, queue, name, dueAt } = given
    onto.push(jobId, state, queue, name, dueAt)
    return true
  },
  raise: (flat, at) => ({
    type: 'inserted',
    conflict: false,
    jobId: flat[at] as string,
    state: flat[at + 1] as JobState,
    queue: flat[at + 2] as string,
    name: flat[at + 3] as string,
    dueAt: flat[at + 4] as number,
  }),
}

/** Flat are claimed jobs without meta. */
export const claimed: Kind<Claimed> = {
  width: 13,
  lay({ worker, run, assignment }, onto) {
    if (!isEmpty(assignment.meta)) return false
    const { jobId, lease, name, queue, attempt, maxAttempts, scheduledAt, codec, args, timeout, trace } = assignment
    onto.push(worker, run, jobId, lease, name, queue, attempt, maxAttempts, scheduledAt, codec, args, timeout, trace)
    return true
  },
  raise(flat, at) {
    const timeout = flat[at + 11] as number | undefined
    const trace = flat[at + 12] as string | undefined
    return {
      worker: flat[at] as string,
      run: flat[at + 1] as number,
      assignment: {
        jobId: flat[at + 2] as string,
        lease: flat[at + 3] as string,
        name: flat[at + 4] as string,
        queue: flat[at + 5] as string,
        attempt: flat[at + 6] as number,
        maxAttempts: flat[at + 7] as number,
        ...(timeout !== undefined && { timeout }),
        scheduledAt: flat[at + 8] as number,
        meta: {},
        codec: flat[at + 9] as string,
        args: flat[at + 10] as string,
        ...(trace !== undefined && { trace }),
      },
    }
  },
}

/** Flat are settlements with a value, of attempts that emitted nothing. */
export const settlements: Kind<Settlement> = {
  width: 5,
  lay({ jobId, lease, outcome, chunks }, onto) {
    if (chunks !== undefined || outcome.type === 'error' || outcome.type === 'snooze') return false
    onto.push(jobId, lease, outcome.type, outcome.codec, outcome.value)
    return true
  },
  raise: (flat, at) => ({
    jobId: flat[at] as string,
    lease: flat[at + 1] as string,
    outcome: { type: flat[at + 2] as ValueType, codec: flat[at + 3] as string, value: flat[at + 4] as string },
  }),
}

/** Flat are the announcements of outcomes with a value, of attempts that emitted nothing, to one ref. */
export const settled: Kind<Settled> = {
  width: 17,
  lay(given, onto) {
    const told = given.type === 'settled' ? given.announcement : null
    if (told?.refs.length !== 1) return false
    const { outcome } = told
    if (outcome.chunks !== undefined || outcome.type === 'error' || outcome.type === 'snooze') return false
    const { tenant, jobId, queue, name, attempt, run, state, dueAt, claimedAt } = told
    onto.push(tenant, told.refs[0], jobId, queue, name, attempt, run, state, dueAt, claimedAt)
    onto.push(outcome.type, outcome.number, outcome.attempt, outcome.final, outcome.at, outcome.codec, outcome.value)
    return true
  },
  raise: (flat, at) => ({
    type: 'settled',
    announcement: {
      tenant: flat[at] as string,
      refs: [flat[at + 1] as string],
      jobId: flat[at + 2] as string,
      queue: flat[at + 3] as string,
      name: flat[at + 4] as string,
      attempt: flat[at + 5] as number,
      run: flat[at + 6] as number,
      state: flat[at + 7] as JobState,
      dueAt: flat[at + 8] as number | null,
      claimedAt: flat[at + 9] as number,
      outcome: {
        type: flat[at + 10] as ValueType,
        number: flat[at + 11] as number,
        attempt: flat[at + 12] as number,
        final: flat[at + 13] as boolean,
        at: flat[at + 14] as number,
        codec: flat[at + 15] as string,
        value: flat[at + 16] as string,
      },
    },
  }),
}

/** The types of outcomes that are a sealed value and no more. */
type ValueType = Extract<Outcome, { readonly type: 'ok' | 'cancel' | 'discard' }>['type']

function isEmpty(meta: unknown): boolean {
  for (const _ in meta as object) return false
  return typeof meta === 'object'
}
