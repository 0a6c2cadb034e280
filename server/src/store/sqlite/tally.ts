import { isFinished, type JobState } from '@anchorleg/shared'
import type Database from 'better-sqlite3'
import type { Depth } from '../store.js'

interface Move {
  readonly queue: string
  readonly from: JobState | null
  readonly to: JobState
}

/** Queues that are counted by themselves, the first that are met: callers name queues as they like. */
const ownQueues = 1_000

/**
 * How many jobs have not ended, by queue and state. They are counted once, as the database is opened; from then on every
 * transition is noted here, so that asking costs the same however many jobs wait.
 */
export class Tally {
  readonly #counts = new Map<string | null, Map<JobState, number>>()
  /** The moves of the transaction that is open. */
  readonly #open: Move[] = []

  constructor(db: Database.Database) {
    for (const { queue, state, count } of countJobs(db)) this.#add(queue, state, count)
  }

  /** A job comes from one state, null for a new one, to another. It counts once its transaction is kept. */
  note(queue: string, from: JobState | null, to: JobState): void {
    this.#open.push({ queue, from, to })
  }

  /** How many moves are open: a mark to go back to. */
  get mark(): number {
    return this.#open.length
  }

  /** Forgets what was noted behind a mark, or all that is open. */
  undo(mark = 0): void {
    this.#open.length = mark
  }

  /** The transaction stands. */
  keep(): void {
    for (const { queue, from, to } of this.#open) {
      if (from !== null) this.#add(queue, from, -1)
      this.#add(queue, to, 1)
    }
    this.#open.length = 0
  }

  get depths(): Depth[] {
    return [...this.#counts].flatMap(([queue, states]) => [...states].flatMap(([state, count]) => (count > 0 ? [{ queue, state, count }] : [])))
  }

  #add(queue: string, state: JobState, count: number): void {
    if (isFinished(state)) return
    const own = this.#counts.has(queue) || this.#counts.size < ownQueues ? queue : null
    const states = this.#counts.get(own) ?? new Map<JobState, number>()
    this.#counts.set(own, states.set(state, count + (states.get(state) ?? 0)))
  }
}

function countJobs(db: Database.Database) {
  const counts = [
    "SELECT queue, state, count(*) AS count FROM jobs INDEXED BY jobs_available WHERE state = 'available' GROUP BY queue",
    "SELECT queue, state, count(*) AS count FROM jobs INDEXED BY jobs_executing WHERE state = 'executing' GROUP BY queue",
    "SELECT queue, state, count(*) AS count FROM jobs INDEXED BY jobs_due WHERE state IN ('scheduled', 'retryable') GROUP BY queue, state",
  ]
  return counts.flatMap((query) => db.prepare<[], Depth & { readonly queue: string }>(query).all())
}
