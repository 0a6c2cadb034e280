import { after, cutIntoFrames, endOfTurn, frameShare, type Lease, type Refusal, type Settlement, stride, type WorkerAsks } from '@anchorleg/shared'
import { backoff } from '../backoff.js'
import type { Connection } from '../connection.js'
import type { Log } from '../context.js'

/**
 * Holds what attempts gave until the hub has stored it. What one turn of the event loop brings leaves in one message;
 * what was not acknowledged when a connection ended leaves again on the next, which the hub takes for the same.
 */
export class Settlements {
  readonly #held = new Map<string, Settlement>()
  #unsent: Settlement[] = []
  #open = false
  #scheduled = false
  #refusals = 0
  readonly #flushed = new Set<() => void>()

  constructor(
    private readonly connection: Pick<Connection<WorkerAsks>, 'ask' | 'limits'>,
    private readonly log: Log,
    /** Called with each lease whose settlement is over, one way or the other. */
    private readonly done: (lease: string) => void,
  ) {}

  /** The leases of what is not acknowledged yet. */
  get leases(): Lease[] {
    return [...this.#held.values()].map(({ jobId, lease }) => ({ jobId, lease }))
  }

  add(settlement: Settlement): void {
    this.#held.set(settlement.lease, settlement)
    this.#unsent.push(settlement)
    this.#schedule()
  }

  /** The hub takes settlements from here on: all that are not acknowledged leave. */
  resume(): void {
    this.#open = true
    this.#unsent = [...this.#held.values()]
    this.#schedule()
  }

  /** The connection is gone. */
  pause(): void {
    this.#open = false
  }

  /** Gives up what is not acknowledged: nobody will take it. */
  abandon(): void {
    this.pause()
    for (const { lease } of [...this.#held.values()]) this.#done(lease)
  }

  /** Resolves when all are acknowledged. */
  flushed(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#held.size === 0) resolve()
      else this.#flushed.add(resolve)
    })
  }

  #schedule(): void {
    if (this.#scheduled || !this.#open || this.#unsent.length === 0) return
    this.#scheduled = true
    endOfTurn(() => {
      this.#scheduled = false
      const { limits } = this.connection
      if (!this.#open || !limits) return
      const unsent = this.#unsent.filter(({ lease }) => this.#held.has(lease))
      this.#unsent = []
      for (const frame of cutIntoFrames(unsent, { ...limits, batch: Math.min(stride, limits.batch) }, weigh)) void this.#send(frame)
    })
  }

  async #send(frame: readonly Settlement[]): Promise<void> {
    const reply = await this.connection.ask('settle', { settlements: [...frame] })
    if ('lost' in reply) {
      if (reply.lost === 'late') this.#again(frame)
    } else if ('refused' in reply) this.#refused(frame, reply.refused)
    else {
      this.#refusals = 0
      frame.forEach(({ jobId, lease }, i) => {
        const verdict = reply.ok[i]
        if (verdict === 'stale') this.log.warn('A result came too late and changed nothing: the job is no longer ours.', { id: jobId })
        this.#done(lease)
      })
    }
  }

  #refused(frame: readonly Settlement[], { code, message }: Refusal): void {
    if (code === 'store_unavailable' || code === 'rate_limited' || code === 'closed') {
      after(backoff(this.#refusals++), () => this.#again(frame))
      return
    }
    // One bad entry may have refused them all, so each has its own chance.
    if (frame.length > 1) {
      for (const settlement of frame) void this.#send([settlement])
      return
    }
    for (const { jobId, lease } of frame) {
      this.log.error(`The hub refuses a result: ${message}`, { id: jobId, code })
      this.#done(lease)
    }
  }

  #again(frame: readonly Settlement[]): void {
    this.#unsent.push(...frame)
    this.#schedule()
  }

  #done(lease: string): void {
    this.#held.delete(lease)
    this.done(lease)
    if (this.#held.size > 0) return
    for (const resolve of this.#flushed) resolve()
    this.#flushed.clear()
  }
}

/** Bytes of a settlement beside what is counted. */
const header = 512

function weigh({ outcome }: Settlement): number {
  if (outcome.type === 'snooze') return header
  if (outcome.type !== 'error') return header + frameShare(outcome.value)
  const { message, name = '', value = '', trace = '' } = outcome
  return header + 6 * (message.length + name.length) + frameShare(value) + frameShare(trace)
}
