import { ok, deepStrictEqual as same } from 'node:assert/strict'
import type { AttemptOutcome } from '@anchorleg/shared'
import { gives, only } from '../harness.js'
import type { Pair } from './pair.js'
import type { Given, Step } from './steps.js'

/** Settles an attempt by a token, be it the one that counts or not, and claims along. */
export async function settle(pair: Pair, { token, given, wish }: Extract<Step, { does: 'settle' }>): Promise<void> {
  const picked = pair.pick(token)
  if (!picked) return
  const { lease, job } = picked
  const wishes = wish ? [wish] : []
  const chunks = job?.run?.chunks.length
  const settlement = { ...lease, outcome: wordOf(given), ...(chunks !== undefined && { chunks }) }
  const { settled, claimed } = await pair.store.settle([settlement], pair.claims(wishes))
  const answer = only(settled)
  if (job) {
    ok(answer.type === 'settled' && answer.announcement, 'the token that counts was not heard')
    pair.announced(answer.announcement, job, pair.model.settle(job, given, chunks))
    job.settledBy = lease.lease
  } else {
    const known = pair.model.jobs.get(lease.jobId)?.settledBy === lease.lease
    pair.note(known ? 'settled again' : 'settled too late')
    same(answer, known ? { type: 'settled', announcement: null } : { type: 'stale' })
  }
  pair.claimed(wishes, claimed)
}

function wordOf(given: Given): AttemptOutcome {
  switch (given.type) {
    case 'snooze':
      return gives.snooze(given.minutes * 60)
    case 'error':
      return { type: 'error', code: given.code, message: 'm', codec: 'd6', ...(given.minutes !== null && { backoff: given.minutes * 60 }) }
    default:
      return gives[given.type]
  }
}
