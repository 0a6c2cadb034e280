import type { Assignment, Lease } from '@anchorleg/shared'
import { type Context, type Log, logWith } from '../context.js'
import type { Definition } from '../definition.js'
import { Feed, type FeedRooms } from './feed.js'

interface Terms {
  readonly assignment: Assignment
  readonly definition: Pick<Definition, 'progress' | 'chunk'>
  /** Bytes that one chunk may take. */
  readonly chunkBytes: number
  readonly log: Log
  readonly rooms: FeedRooms
}

/** One attempt under way. Most handlers neither look at their signal nor report, so what that takes is made when they do. */
export class Run {
  readonly lease: Lease
  #controller: AbortController | undefined
  #aborted: { readonly reason: Error } | undefined
  #feed: Feed | undefined
  #log: Log | undefined
  #isOver = false
  #isDropped = false

  constructor(private readonly terms: Terms) {
    const { jobId, lease } = terms.assignment
    this.lease = { jobId, lease }
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController()
      if (this.#aborted) this.#controller.abort(this.#aborted.reason)
    }
    return this.#controller.signal
  }

  abort(reason: Error): void {
    this.#aborted ??= { reason }
    this.#controller?.abort(reason)
  }

  throwIfAborted(): void {
    if (this.#aborted) throw this.#aborted.reason
  }

  /** The handler is done. Gives how many chunks are stored, once all that it has said is stored or refused. */
  finish(): Promise<number> | number {
    this.#isOver = true
    return this.#feed?.finish() ?? 0
  }

  /** The attempt counts no longer: nothing more of it is said. */
  drop(reason: Error): void {
    this.#isDropped = true
    this.#feed?.drop()
    this.abort(reason)
  }

  /** What the handler gets beside its args. */
  context(): Context {
    const { jobId: id, name, queue, attempt, maxAttempts, meta, scheduledAt } = this.terms.assignment
    const run = this
    return {
      get signal() {
        return run.signal
      },
      attempt,
      maxAttempts,
      job: { id, name, queue, meta: meta as Context['job']['meta'], scheduledAt: new Date(scheduledAt) },
      get log() {
        return run.log
      },
      progress: (value) => run.feed.progress(value),
      emit: (chunk) => run.feed.emit(chunk),
    }
  }

  get log(): Log {
    const { log, assignment } = this.terms
    this.#log ??= logWith(log, { job: assignment.name, id: assignment.jobId, attempt: assignment.attempt })
    return this.#log
  }

  get feed(): Feed {
    if (this.#feed) return this.#feed
    const { definition, chunkBytes, rooms } = this.terms
    this.#feed = new Feed({ lease: this.lease, definition, chunkBytes, log: this.log }, rooms)
    if (this.#isDropped) this.#feed.drop()
    else if (this.#isOver) void this.#feed.finish()
    return this.#feed
  }
}
