import { ok, deepStrictEqual as same } from 'node:assert/strict'
import type { Cursor } from '@anchorleg/shared'
import { only } from '../harness.js'
import type { Pair } from './pair.js'
import type { Step } from './steps.js'

/** Where nobody has begun to watch. */
const nowhere: Cursor = { attempt: -1, index: 0, number: 0 }

/** Lets a ref's watcher read on from where it is: it must miss nothing, and get nothing twice. */
export async function watch(pair: Pair, { ref, of }: Extract<Step, { does: 'watch' }>): Promise<void> {
  const lookup = pair.lookup(ref, of)
  if (!lookup) return
  const key = `${lookup.tenant} ${lookup.ref}`
  const from = pair.cursors.get(key)
  const job = pair.model.find(lookup.tenant, lookup.ref)
  const watching = only(await pair.store.watch([{ ...lookup, from }]))
  if (typeof job === 'string') return same(watching, { type: job })
  ok(watching.type === 'job')
  pair.note(from ? 'watcher came back' : 'watcher came')
  const { run } = job
  const { jobId, state, attempt, progress, chunks, outcomes, more } = watching
  same({ jobId, state, attempt, more }, { jobId: job.id, state: job.state, attempt: job.attempt, more: false })
  same(progress, run && run.progress !== null ? { attempt: run.attempt, codec: 'd6', value: run.progress } : null)
  const news = from ? job.outcomes.filter(({ number }) => number > from.number) : job.outcomes.slice(-1)
  same(
    outcomes.map(({ number }) => number),
    news.map(({ number }) => number),
  )

  const cursor = { ...(from ?? nowhere) }
  const hear = (outcome: { readonly number: number; readonly attempt: number }) => {
    // The attempt that a watcher counts in is over: the next one of its number begins anew.
    if (outcome.attempt === cursor.attempt) cursor.index = 0
    cursor.number = outcome.number
  }
  const after = run?.after ?? job.outcomes.length
  news.filter(({ number }) => number <= after).forEach(hear)
  if (run && cursor.number > run.after) same(chunks, [], 'a watcher that has the outcome gets chunks')
  if (run && from && cursor.number === run.after && from.number < run.after && from.attempt === run.attempt)
    pair.note('watcher met its attempt again')
  for (const chunk of chunks) {
    same(chunk.index, chunk.attempt === cursor.attempt ? cursor.index : 0, 'a watcher misses a chunk, or gets one twice')
    same(chunk, { attempt: run?.attempt, index: chunk.index, codec: 'd6', value: run?.chunks[chunk.index] })
    cursor.attempt = chunk.attempt
    cursor.index = chunk.index + 1
  }
  if (run && cursor.number <= run.after) {
    const seen = cursor.attempt === run.attempt ? cursor.index : 0
    ok(seen >= run.chunks.length, `a watcher gets ${seen} of ${run.chunks.length} chunks`)
  }
  news.filter(({ number }) => number > after).forEach(hear)
  pair.cursors.set(key, cursor)
}

/** Inspects a ref's job. */
export async function inspect(pair: Pair, { ref }: Extract<Step, { does: 'inspect' }>): Promise<void> {
  const lookup = pair.lookup(ref)
  if (!lookup) return
  const job = pair.model.find(lookup.tenant, lookup.ref)
  const inspected = only(await pair.store.inspect([lookup]))
  if (typeof job === 'string') return same(inspected, { type: job })
  ok(inspected.type === 'job')
  const { errors, insertedAt, scheduledAt, attemptedAt, finishedAt, ...told } = inspected
  const { name, queue, priority } = job.request
  const { state, attempt, maxAttempts, snoozed } = job
  const meta = snoozed > 0 ? { snoozed } : {}
  const flags = { paused: pair.model.paused(queue), cancelRequested: job.cancel !== null }
  same(told, { type: 'job', name, queue, state, attempt, maxAttempts, priority, tags: [], meta, ...flags })
  same(
    errors.map(({ number }) => number),
    job.outcomes.filter(({ type }) => type === 'error').map(({ number }) => number),
  )
  same(pair.timeOf(scheduledAt), job.dueAt)
  same(finishedAt === null ? null : pair.timeOf(finishedAt), job.finishedAt)
  ok(pair.timeOf(insertedAt) >= job.insertedAt && pair.reached(pair.timeOf(insertedAt)))
  same(
    attemptedAt !== null,
    pair.tokens.some(({ jobId }) => jobId === job.id),
    'whether it was ever claimed',
  )
}
