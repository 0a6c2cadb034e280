import { ok, deepStrictEqual as same } from 'node:assert/strict'
import type { Cursor } from '@anchorleg/shared'
import { only } from '../harness.js'
import type { Job } from './model.js'
import type { Pair } from './pair.js'
import type { Step } from './steps.js'

/**
 * Lets a ref's watcher read on from where it is: of each run it must get every chunk that is kept, and none twice, whether or
 * not it has seen the run before it end.
 */
export async function watch(pair: Pair, { ref, of }: Extract<Step, { does: 'watch' }>): Promise<void> {
  const lookup = pair.lookup(ref, of)
  if (!lookup) return
  const key = `${lookup.tenant} ${lookup.ref}`
  const from = pair.cursors.get(key)
  const job = pair.model.find(lookup.tenant, lookup.ref)
  const watching = only(await pair.store.watch([{ ...lookup, from }]))
  if (typeof job === 'string') return same(watching, { type: job })
  ok(watching.type === 'job')
  const { runs, run: told, outcomes: stored } = job
  note(pair, from, job)
  const { jobId, state, attempt, run, after, progress, chunks, outcomes, more } = watching
  const behind = told?.after ?? stored.length
  same({ jobId, state, attempt, run, after, more }, { jobId: job.id, state: job.state, attempt: job.attempt, run: runs, after: behind, more: false })
  same(progress, told && told.progress !== null ? { attempt: told.attempt, codec: 'd6', value: told.progress } : null)
  const news = from ? stored.filter(({ number }) => number > from.number) : stored.slice(-1)
  same(
    outcomes.map(({ number }) => number),
    news.map(({ number }) => number),
  )
  const seen = from?.run === runs ? from.index : 0
  const wanted = told && !(from && from.number > told.after) ? told.chunks.slice(seen) : []
  same(
    chunks,
    wanted.map((value, i) => ({ attempt: told?.attempt, index: seen + i, codec: 'd6', value })),
    'a watcher misses a chunk, or gets one twice',
  )
  pair.cursors.set(key, { run: runs, index: seen + wanted.length, number: stored.length })
}

/** Notes what a watcher has come back to. */
function note(pair: Pair, from: Cursor | undefined, { runs, run, handedBack }: Job): void {
  pair.note(from ? 'watcher came back' : 'watcher came')
  if (!from || !run || from.index === 0 || from.run === runs) return
  pair.note('watcher came back to another run')
  if (from.run === handedBack) pair.note('watcher came back to a run after one that was handed back')
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
