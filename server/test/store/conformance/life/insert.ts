import { ok, deepStrictEqual as same } from 'node:assert/strict'
import { type JobRequest, jobStates } from '@anchorleg/shared'
import type { Inserted } from '#server/store/store.js'
import { aJob } from '../harness.js'
import { type Job, minute } from './model.js'
import type { Pair, Sent } from './pair.js'
import type { Entry, Spec, Step } from './steps.js'

/** What is to become of one insertion: the job it leads to, or why it is refused. */
type Verdict = { readonly job: Job; readonly type: 'inserted' | 'existing'; readonly conflict: boolean } | 'ref_conflict' | 'expired'

/** Stores jobs, each by itself or all of them together, and claims along. */
export async function insert(pair: Pair, { entries, unit, wish }: Extract<Step, { does: 'insert' }>): Promise<void> {
  const sent = entries.flatMap((entry) => sentBy(pair, entry))
  const wishes = wish ? [wish] : []
  const insertions = sent.map((each) => ({ ...each, ...(unit && { unit: 1 }) }))
  const { inserted, claimed } = await pair.store.insert(insertions, pair.claims(wishes))
  const undo: (() => void)[] = []
  const verdicts = sent.map((each) => decide(pair, each, undo))
  const refusal = verdicts.find((verdict) => typeof verdict === 'string')
  if (unit && refusal) {
    if (sent.length > 1) pair.note('unit rolled back')
    for (const step of undo.reverse()) step()
    verdicts.forEach((verdict, i) => sameRefusal(inserted[i], typeof verdict === 'string' ? verdict : 'invalid_job'))
  } else {
    verdicts.forEach((verdict, i) => sameAnswer(pair, inserted[i], verdict))
    sent.forEach((each, i) => typeof verdicts[i] !== 'string' && remember(pair, each))
  }
  pair.claimed(wishes, claimed)
}

function sentBy(pair: Pair, entry: Entry): Sent[] {
  if (entry.type === 'fresh') return [{ tenant: entry.tenant, job: requestOf(pair, entry.job) }]
  const before = pair.sent[entry.which % pair.sent.length]
  if (!before) return []
  return [entry.altered ? { ...before, job: { ...before.job, priority: before.job.priority + 1 } } : before]
}

function requestOf(pair: Pair, { name, queue, priority, maxAttempts, minutes, unique, attended }: Spec): JobRequest {
  const states = unique?.finishedToo ? [...jobStates] : jobStates.slice(0, 4)
  return aJob({
    name,
    queue,
    priority,
    maxAttempts,
    args: pair.value(),
    ...(minutes > 0 && { scheduleIn: minutes * 60 }),
    ...(attended && { cancelOnDisconnect: true }),
    ...(unique && { unique: { key: unique.key, states, ...(unique.minutes !== null && { period: unique.minutes * 60 }) } }),
  })
}

/** Decides what is to become of one insertion, and lets the model have it. */
function decide(pair: Pair, { tenant, job: request }: Sent, undo: (() => void)[]): Verdict {
  const { model } = pair
  const key = `${tenant} ${request.ref}`
  const { ref, ...content } = request
  const known = model.refs.get(key)
  if (known) return known.content === JSON.stringify(content) ? { job: known.job, type: 'existing', conflict: known.alias } : 'ref_conflict'
  if (model.find(tenant, ref) === 'expired') return 'expired'
  const holder = model.holder(tenant, request)
  const job = holder ?? freshJob(tenant, request, model.now)
  if (holder) holder.refs.push(ref)
  model.refs.set(key, { job, content: JSON.stringify(content), alias: holder !== undefined })
  undo.push(() => {
    model.refs.delete(key)
    if (holder) holder.refs.splice(holder.refs.indexOf(ref), 1)
  })
  if (holder) return { job, type: 'existing', conflict: true }
  const { unique } = request
  if (unique) {
    const uniqueKey = `${tenant} ${unique.key}`
    const before = model.keys.get(uniqueKey)
    if (before) pair.note('unique key taken over')
    model.keys.set(uniqueKey, { job, until: unique.period === undefined ? Number.POSITIVE_INFINITY : model.now + unique.period * 1000 })
    undo.push(() => (before ? void model.keys.set(uniqueKey, before) : void model.keys.delete(uniqueKey)))
  }
  return { job, type: 'inserted', conflict: false }
}

function freshJob(tenant: string, request: JobRequest, now: number): Job {
  const wait = (request.scheduleIn ?? 0) * 1000
  return {
    id: '',
    tenant,
    refs: [request.ref],
    request,
    insertedAt: now,
    state: wait > 0 ? 'scheduled' : 'available',
    attempt: 0,
    maxAttempts: request.maxAttempts,
    dueAt: now + wait,
    crashes: 0,
    snoozed: 0,
    token: null,
    leaseEnd: 0,
    worker: '',
    claimedAt: 0,
    settledBy: null,
    cancel: null,
    outcomes: [],
    runs: 0,
    handedBack: 0,
    run: null,
    finishedAt: null,
    attendedAt: request.cancelOnDisconnect ? now : null,
    gone: false,
  }
}

function sameAnswer(pair: Pair, inserted: Inserted | undefined, verdict: Verdict): void {
  if (typeof verdict === 'string') {
    pair.note(`insertion refused: ${verdict}`)
    return sameRefusal(inserted, verdict)
  }
  const { job, type, conflict } = verdict
  pair.note(`${type}${conflict ? ' with a conflict' : ''}`)
  ok(inserted && inserted.type !== 'refused', `${type} rather than refused`)
  if (type === 'inserted') {
    ok(!pair.model.jobs.has(inserted.jobId), 'an id was given twice')
    job.id = inserted.jobId
    pair.model.jobs.set(job.id, job)
    const wait = (job.request.scheduleIn ?? 0) * 1000
    job.dueAt = pair.present(inserted.dueAt - wait, 'the due time of a fresh job') + wait
    ok(job.dueAt % minute < minute / 2)
  }
  const { state, request } = job
  same(
    { ...inserted, dueAt: pair.timeOf(inserted.dueAt) },
    { type, conflict, jobId: job.id, state, queue: request.queue, name: request.name, dueAt: job.dueAt },
  )
}

function sameRefusal(inserted: Inserted | undefined, code: string): void {
  same(inserted?.type === 'refused' && inserted.refusal.code, code)
}

/** What was last stored under a ref is what is sent again. */
function remember(pair: Pair, sent: Sent): void {
  const place = pair.sent.findIndex(({ tenant, job }) => tenant === sent.tenant && job.ref === sent.job.ref)
  if (place < 0) pair.sent.push(sent)
  else pair.sent[place] = sent
}
