import type { AttemptOutcome, JobState } from '@anchorleg/shared'
import { describe, expect, test } from 'vitest'
import { cancel, claim, crash, due, enter, type JobFacts, release, retry, settle, standAfter } from '#server/lifecycle.js'

const now = 1_800_000_000_000
const moment = { now, random: () => 0.5 }
const sealed = { codec: 'd6', value: '[1]' }
const error = (code: 'failed' | 'exception' | 'job_timeout' | 'invalid_args' | 'invalid_result' | 'result_too_large', backoff?: number) =>
  ({ type: 'error', code, message: 'm', codec: 'd6', ...(backoff !== undefined && { backoff }) }) satisfies AttemptOutcome
const facts = (fields: Partial<JobFacts> = {}): JobFacts => ({
  attempt: 1,
  maxAttempts: 3,
  outcomes: 0,
  crashes: 0,
  snoozed: 0,
  cancel: null,
  ...fields,
})
const reason = { codec: 'x9', value: '["why"]' }

describe('a fresh job', () => {
  test.each<[number, JobState]>([
    [now - 1, 'available'],
    [now, 'available'],
    [now + 1, 'scheduled'],
  ])('due at %i is %s', (dueAt, state) => expect(enter(dueAt, now)).toBe(state))

  test('scheduled or retryable, it becomes available when it is due', () => expect(due()).toBe('available'))
})

describe('an attempt', () => {
  test('counts from its claim, and is given back by a release', () => {
    expect(claim({ attempt: 0 })).toEqual({ state: 'executing', attempt: 1 })
    expect(claim({ attempt: 4 })).toEqual({ state: 'executing', attempt: 5 })
    expect(release({ attempt: 5 })).toEqual({ state: 'available', attempt: 4 })
    expect(release(claim({ attempt: 0 }))).toEqual({ state: 'available', attempt: 0 })
  })
})

/** What the handler gave, the attempt of three, and: the state that follows, the attempt counted, ms until due (null: ended). */
const table: [string, AttemptOutcome, number, JobState, number, number | null][] = []
for (const attempt of [1, 2, 3]) {
  table.push(
    ['ok', { type: 'ok', ...sealed }, attempt, 'completed', attempt, null],
    ['cancel', { type: 'cancel', ...sealed }, attempt, 'cancelled', attempt, null],
    ['discard', { type: 'discard', ...sealed }, attempt, 'discarded', attempt, null],
    ['snooze', { type: 'snooze', seconds: 7 }, attempt, 'scheduled', attempt - 1, 7_000],
    ['snooze for nothing', { type: 'snooze', seconds: 0 }, attempt, 'scheduled', attempt - 1, 0],
    ['invalid_args', error('invalid_args'), attempt, 'discarded', attempt, null],
    ['invalid_result', error('invalid_result', 5), attempt, 'discarded', attempt, null],
    ['result_too_large', error('result_too_large'), attempt, 'discarded', attempt, null],
  )
  for (const code of ['failed', 'exception', 'job_timeout'] as const) {
    const lasts = attempt === 3
    const byDefault = Math.round((15 + 2 ** attempt) * 1.05 * 1000)
    table.push([code, error(code), attempt, lasts ? 'discarded' : 'retryable', attempt, lasts ? null : byDefault])
    table.push([`${code} with a backoff`, error(code, 90.5), attempt, lasts ? 'discarded' : 'retryable', attempt, lasts ? null : 90_500])
    table.push([`${code} with a backoff of 0`, error(code, 0), attempt, lasts ? 'discarded' : 'retryable', attempt, lasts ? null : 0])
  }
}

describe('settling', () => {
  test.each(table)('%s %j in attempt %i of 3 makes the job %s', (_, given, attempt, state, counted, wait) => {
    const transition = settle(facts({ attempt, outcomes: 4, crashes: 1, snoozed: 2 }), given, moment)
    const dueAt = wait === null ? null : now + wait
    const snoozed = given.type === 'snooze' ? 3 : 2
    expect(transition).toMatchObject({ state, attempt: counted, dueAt, crashes: 1, snoozed })
    const { backoff, ...kept } = given as AttemptOutcome & { backoff?: number }
    const fate = given.type === 'error' ? { state, ...(wait !== null && { retryAt: dueAt }) } : {}
    expect(transition.outcome).toEqual({ ...kept, ...fate, number: 5, attempt, at: now, final: wait === null })
  })

  test('beyond the last attempt, as after a lowered bound, a failure ends the job as well', () => {
    expect(settle(facts({ attempt: 9 }), error('failed'), moment).state).toBe('discarded')
  })
})

describe('a crash', () => {
  test.each<[number, number, JobState, number | null]>([
    [1, 0, 'available', 0],
    [2, 0, 'available', 0],
    [3, 0, 'discarded', null],
    [1, 1, 'retryable', 17_850],
    [2, 1, 'retryable', 19_950],
    [2, 5, 'retryable', 19_950],
    [3, 1, 'discarded', null],
  ])('in attempt %i of 3, after %i others, makes the job %s', (attempt, crashes, state, wait) => {
    const transition = crash(facts({ attempt, crashes, outcomes: 4, snoozed: 2 }), 'x9', moment)
    const dueAt = wait === null ? null : now + wait
    expect(transition).toMatchObject({ state, attempt, dueAt, crashes: crashes + 1, snoozed: 2 })
    const fate = wait === null ? { state: 'discarded', final: true } : { state: 'retryable', final: false, retryAt: dueAt }
    const message = `The worker died or lost its lease during attempt ${attempt}.`
    expect(transition.outcome).toEqual({ type: 'error', code: 'crashed', codec: 'x9', message, number: 5, attempt, at: now, ...fate })
  })
})

describe('an attempt whose cancellation was asked for', () => {
  const stands = ['ok', 'discard']

  test.each(table)('gives %s %j in attempt %i of 3', (_, given, attempt) => {
    const job = facts({ attempt, outcomes: 4, crashes: 1, snoozed: 2 })
    const transition = settle({ ...job, cancel: reason }, given, moment)
    if (stands.includes(given.type)) return expect(transition).toEqual(settle(job, given, moment))
    expect(transition).toEqual({
      state: 'cancelled',
      attempt,
      dueAt: null,
      crashes: 1,
      snoozed: 2,
      outcome: { type: 'cancel', ...reason, number: 5, attempt, at: now, final: true },
    })
  })

  test.each([1, 2, 3])('and that crashes, as number %i of 3, is cancelled and counts as no crash', (attempt) => {
    const transition = crash(facts({ attempt, outcomes: 1, cancel: reason }), 'd6', moment)
    expect(transition).toMatchObject({ state: 'cancelled', attempt, dueAt: null, crashes: 0 })
    expect(transition.outcome).toEqual({ type: 'cancel', ...reason, number: 2, attempt, at: now, final: true })
  })
})

describe('a cancellation', () => {
  test.each([0, 1, 3, 9])('ends a job after %i attempts, with the reason as its final outcome', (attempt) => {
    expect(cancel(facts({ attempt, outcomes: 6, crashes: 1, snoozed: 2 }), reason, { now })).toEqual({
      state: 'cancelled',
      attempt,
      dueAt: null,
      crashes: 1,
      snoozed: 2,
      outcome: { type: 'cancel', ...reason, number: 7, attempt, at: now, final: true },
    })
  })
})

describe('a retry', () => {
  test.each<[number, number, number]>([
    [0, 3, 3],
    [1, 3, 3],
    [2, 3, 3],
    [3, 3, 4],
    [4, 3, 5],
    [1, 1, 2],
  ])('after %i attempts of %i leaves %i', (attempt, maxAttempts, left) => {
    expect(retry({ attempt, maxAttempts })).toEqual({ state: 'available', maxAttempts: left })
  })
})

test('an ended job is due no more, and only an ended one has a final outcome', () => {
  for (const [, given, attempt] of table) {
    const { state, dueAt, outcome } = settle(facts({ attempt }), given, moment)
    const ended = ['completed', 'cancelled', 'discarded'].includes(state)
    expect([dueAt === null, outcome.final]).toEqual([ended, ended])
  }
})

test.each(table)('%s leads by itself where it led: %j in attempt %i', (_name, given, attempt) => {
  const { state, attempt: counted, outcome } = settle(facts({ attempt }), given, moment)
  expect(standAfter(outcome)).toEqual({ state, attempt: counted })
})

test('a cancellation leads by itself where it led', () => {
  expect(standAfter(cancel(facts({ attempt: 2 }), reason, moment).outcome)).toEqual({ state: 'cancelled', attempt: 2 })
})
