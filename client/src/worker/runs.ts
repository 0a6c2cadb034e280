import { type Assignment, codecTag, type Lease, open, type Settlement } from '@anchorleg/shared'
import { type Attempt, attempt, type Task } from '../attempt.js'
import { CancelError, type Log } from '../context.js'
import type { FeedRooms } from './feed.js'
import { Run } from './run.js'

interface Rooms extends FeedRooms {
  readonly tasks: ReadonlyMap<string, Task>
  readonly log: Log
  /** Called with what each attempt gave, unless it was dropped before. */
  readonly settled: (settlement: Settlement) => void
}

/** A lease whose job is to stop, with the sealed reason of whoever wants that. */
export type Cancel = Lease & { readonly codec: string; readonly reason: string }

/**
 * The attempts under way. A handler whose attempt has ended before it, by its timeout or because it was dropped, may go on
 * running if it ignores its signal; it then counts no longer, and its slot is taken again.
 */
export class Runs {
  readonly #runs = new Map<string, Run>()
  readonly #idle = new Set<() => void>()

  constructor(private readonly rooms: Rooms) {}

  get leases(): Lease[] {
    return [...this.#runs.values()].map(({ lease }) => lease)
  }

  /** Starts an attempt. `resultBytes` bounds its encoded result, and each of its chunks. */
  start(assignment: Assignment, resultBytes: number): void {
    const { jobId, lease, name, args, codec, timeout } = assignment
    const task = this.rooms.tasks.get(name)
    if (!task) {
      const message = `This worker runs no jobs named "${name}".`
      return this.rooms.settled({ jobId, lease, outcome: { type: 'error', code: 'exception', name: 'Error', message, codec: codecTag } })
    }
    const run = new Run({ assignment, definition: task.definition, chunkBytes: resultBytes, log: this.rooms.log, rooms: this.rooms })
    this.#runs.set(lease, run)
    void this.#make(task, run, { args, codec, timeout, resultBytes, context: run.context(), run })
  }

  async #make(task: Task, run: Run, given: Attempt): Promise<void> {
    const outcome = await attempt(task, given)
    const chunks = await run.finish()
    const { jobId, lease } = run.lease
    if (this.#runs.get(lease) !== run) return
    this.#forget(run)
    this.rooms.settled({ jobId, lease, outcome, ...(chunks > 0 && { chunks }) })
  }

  /** Asks attempts to stop; what they give still counts. */
  cancel(cancels: readonly Cancel[]): void {
    for (const { lease, codec, reason } of cancels) this.#runs.get(lease)?.abort(new CancelError(tryOpen(reason, codec)))
  }

  /** Aborts attempts and drops what they will give. Answers with those that were under way. */
  drop(leases: readonly Lease[], reason: Error): Lease[] {
    return leases.filter(({ lease }) => {
      const run = this.#runs.get(lease)
      if (!run) return false
      this.#forget(run)
      run.drop(reason)
      return true
    })
  }

  /** Resolves when nothing is under way. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#runs.size === 0) resolve()
      else this.#idle.add(resolve)
    })
  }

  #forget(run: Run): void {
    this.#runs.delete(run.lease.lease)
    if (this.#runs.size > 0) return
    for (const resolve of this.#idle) resolve()
    this.#idle.clear()
  }
}

/** A reason that cannot be read here is none; the job is to stop all the same. */
function tryOpen(reason: string, codec: string): unknown {
  try {
    return open(reason, codec)
  } catch {
    return undefined
  }
}
