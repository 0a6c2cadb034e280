import {
  after,
  cutIntoFrames,
  type Emission,
  type EmitVerdict,
  endOfTurn,
  frameShare,
  type Lease,
  type Refusal,
  type WorkerAsks,
} from '@anchorleg/shared'
import { backoff } from '../backoff.js'
import type { Connection } from '../connection.js'
import { EmitError } from '../context.js'

interface Held {
  readonly emission: Emission
  resolve(): void
  reject(error: EmitError): void
}

/**
 * Holds emitted chunks until the hub has stored them. One message is on its way at a time, so that chunks arrive in order;
 * what comes meanwhile leaves in the next. What was not acknowledged when a connection ended leaves again on the next, which
 * the hub takes for the same.
 */
export class Emissions {
  readonly #held = new Set<Held>()
  #open = false
  #scheduled = false
  #busy = false
  #refusals = 0

  constructor(
    private readonly connection: Pick<Connection<WorkerAsks>, 'ask' | 'limits'>,
    /** Leases that the hub has given to others. */
    private readonly lost: (leases: Lease[]) => void,
  ) {}

  /** Resolves once the chunk is stored; rejects with EmitError when it never will be. */
  add(emission: Emission): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#held.add({ emission, resolve, reject })
      this.#schedule()
    })
  }

  /** Gives up the chunks of an attempt. */
  drop(lease: string, error: EmitError): void {
    for (const held of [...this.#held]) if (held.emission.lease === lease) this.#refuse(held, error)
  }

  /** The hub takes chunks from here on. */
  resume(): void {
    this.#open = true
    this.#schedule()
  }

  /** The connection is gone. */
  pause(): void {
    this.#open = false
  }

  #schedule(): void {
    if (this.#scheduled || this.#busy || !this.#open) return
    this.#scheduled = true
    endOfTurn(() => {
      this.#scheduled = false
      void this.#pump()
    })
  }

  async #pump(): Promise<void> {
    if (this.#busy) return
    this.#busy = true
    for (let frame = this.#frame(); frame; frame = this.#frame()) await this.#send(frame)
    this.#busy = false
  }

  #frame(): Held[] | undefined {
    const { limits } = this.connection
    if (!this.#open || !limits) return undefined
    const first: Held[] = []
    for (const held of this.#held) if (first.push(held) >= limits.batch) break
    return cutIntoFrames(first, limits, ({ emission }) => header + frameShare(emission.value))[0]
  }

  async #send(frame: readonly Held[]): Promise<void> {
    const reply = await this.connection.ask('emit', { chunks: frame.map(({ emission }) => emission) })
    if ('lost' in reply) return
    if ('refused' in reply) return this.#refused(frame, reply.refused)
    this.#refusals = 0
    frame.forEach((held, i) => this.#settle(held, reply.ok[i]))
  }

  #settle(held: Held, verdict: EmitVerdict | undefined): void {
    if (!this.#held.has(held)) return
    const { jobId, lease } = held.emission
    switch (verdict) {
      case 'stored':
        this.#held.delete(held)
        return held.resolve()
      case 'stale':
        this.drop(lease, new EmitError('stale', 'The chunk came too late: the lease on this job is lost.'))
        return this.lost([{ jobId, lease }])
      case 'full':
        return this.drop(lease, new EmitError('full', 'The attempt has emitted all it may: 100,000 chunks, or 16 MiB of them.'))
      default:
        return this.drop(lease, new EmitError('refused', 'The hub does not take the chunk: one before it is missing.'))
    }
  }

  async #refused(frame: readonly Held[], { code, message }: Refusal): Promise<void> {
    if (code === 'store_unavailable' || code === 'rate_limited' || code === 'closed') {
      return new Promise((resolve) => after(backoff(this.#refusals++), resolve))
    }
    // One bad entry may have refused them all, so each has its own chance.
    if (frame.length > 1) {
      for (const held of frame) if (this.#open && this.#held.has(held)) await this.#send([held])
      return
    }
    for (const { emission } of frame) this.drop(emission.lease, new EmitError('refused', `The hub does not take the chunk: ${message}`))
  }

  #refuse(held: Held, error: EmitError): void {
    this.#held.delete(held)
    held.reject(error)
  }
}

/** Bytes of an entry beside its value. */
const header = 192
