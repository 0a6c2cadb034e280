import {
  type Answer,
  byteLength,
  type ClientAsks,
  cutIntoFrames,
  endOfTurn,
  fits,
  frameShare,
  type JobRequestInput,
  type Limits,
  type Submitted,
  stride,
} from '@anchorleg/shared'
import { type Connection, unreadable } from './connection.js'
import { errorOf, RelayError } from './errors.js'
import type { Attachment, PendingRefs } from './pendingRefs.js'

/** Jobs that are submitted together: one, or some that are stored all or none. */
export interface Parcel {
  readonly jobs: readonly Omit<JobRequestInput, 'want'>[]
  readonly atomic: boolean
  /** Upper bound of its bytes in a frame: 0 until the outbox, to which it is added once, reckons it. */
  weight: number
  /** Called once, unless the parcel is withdrawn before: with the hub's answer to each job, in order. */
  resolve(submitted: readonly Submitted[]): void
  /** Called instead; the parcel withdraws itself. */
  reject(error: RelayError): void
}

/** What may wait here at once, in jobs and in bytes. */
const capacity = { jobs: 100_000, bytes: 256 * 1024 * 1024 }

/** Withdrawn parcels that may wait for their turn. */
const spare = 64

/** Bytes on their way at once: enough to keep a hub busy, little enough that a slow line answers in time. */
const windowBytes = 16 * 1024 * 1024

/**
 * Holds submitted jobs until the hub has stored them. What is added in one turn of the event loop leaves in one message.
 * What was not acknowledged when a connection ended leaves again on the next, under the same refs.
 */
export class Outbox {
  readonly #held = new Set<Parcel>()
  /** Those not sent on this connection, in order; withdrawn ones are skipped when their turn comes. */
  #unsent: Parcel[] = []
  #jobs = 0
  #bytes = 0
  #onTheWay = 0
  #pumping = false

  constructor(
    private readonly connection: Connection<ClientAsks>,
    private readonly pending: PendingRefs,
  ) {}

  /** Takes a parcel; it may be refused at once, for its size or for want of room. */
  add(parcel: Parcel): void {
    for (const job of parcel.jobs) parcel.weight += weigh(job)
    const { limits } = this.connection
    const refused = (limits && oversized(parcel, limits)) ?? this.#full(parcel)
    if (refused) return parcel.reject(refused)
    this.#held.add(parcel)
    this.#unsent.push(parcel)
    this.#jobs += parcel.jobs.length
    this.#bytes += parcel.weight
    this.pump()
  }

  /** Forgets a parcel whose caller no longer waits. What has left already may still be stored. */
  withdraw(parcel: Parcel): void {
    if (!this.#held.delete(parcel)) return
    this.#jobs -= parcel.jobs.length
    this.#bytes -= parcel.weight
    this.#compact()
  }

  /** Withdrawn parcels are skipped when their turn comes; while it does not, they are let go of in bulk. */
  #compact(): void {
    if (this.#unsent.length > 2 * this.#held.size + spare) this.#unsent = this.#unsent.filter((parcel) => this.#held.has(parcel))
  }

  /** Nothing that was on its way will be answered. */
  disconnected(): void {
    this.#onTheWay = 0
    this.#unsent = [...this.#held]
  }

  /** Sends what waits, at the end of this turn. */
  pump(): void {
    if (this.#pumping || this.#unsent.length === 0 || this.connection.status !== 'connected') return
    this.#pumping = true
    endOfTurn(() => {
      this.#pumping = false
      const { limits, status } = this.connection
      if (limits && status === 'connected') for (const frame of this.#frames(limits)) void this.#submit(frame)
    })
  }

  /** The next frames, as far as the window allows: single jobs share them, an atomic parcel has its own. */
  #frames(limits: Limits): Parcel[][] {
    const singles: Parcel[] = []
    const frames: Parcel[][] = []
    let next = 0
    for (; next < this.#unsent.length && this.#onTheWay < windowBytes; next += 1) {
      const parcel = this.#unsent[next] as Parcel
      if (!this.#held.has(parcel)) continue
      const refused = oversized(parcel, limits)
      if (refused) {
        parcel.reject(refused)
        continue
      }
      this.#onTheWay += parcel.weight
      if (parcel.atomic) frames.push([parcel])
      else singles.push(parcel)
    }
    this.#unsent = this.#unsent.slice(next)
    return [...cutIntoFrames(singles, { ...limits, batch: Math.min(stride, limits.batch) }, ({ weight }) => weight), ...frames]
  }

  async #submit(frame: readonly Parcel[]): Promise<void> {
    const carried: (Attachment | undefined)[] = []
    const jobs: JobRequestInput[] = []
    for (const parcel of frame) {
      for (const job of parcel.jobs) {
        const attachment = this.pending.takeFor(job.ref)
        carried.push(attachment)
        jobs.push(attachment ? { ...job, want: attachment.want } : job)
      }
    }
    const reply = await this.connection.ask('submit', frame[0]?.atomic ? { jobs, atomic: true } : { jobs })
    if ('lost' in reply && reply.lost === 'disconnected') return
    for (const { weight } of frame) this.#onTheWay -= weight
    const answer = 'ok' in reply && !isAnswerTo(jobs, reply.ok) ? unreadable : reply
    carried.forEach((attachment, i) => {
      const isStored = 'ok' in answer && !('refused' in (answer.ok[i] as Submitted))
      if (attachment) this.pending[isStored ? 'confirm' : 'again'](attachment)
    })
    if ('lost' in answer) this.#unsent = [...frame, ...this.#unsent]
    else this.#settle(frame, answer)
    this.pump()
  }

  #settle(frame: readonly Parcel[], answer: Answer<Submitted[]>): void {
    let next = 0
    for (const parcel of frame) {
      const from = next
      next += parcel.jobs.length
      if (!this.#held.has(parcel)) continue
      this.withdraw(parcel)
      if ('refused' in answer) parcel.reject(errorOf(answer.refused, parcel.jobs[0]?.ref))
      else parcel.resolve(answer.ok.slice(from, next))
    }
  }

  #full({ jobs, weight }: Parcel): RelayError | undefined {
    if (this.#jobs + jobs.length <= capacity.jobs && this.#bytes + weight <= capacity.bytes) return undefined
    const ref = jobs[0]?.ref
    const waiting = `${this.#jobs} jobs already wait to be stored`
    if (this.connection.status === 'connected') return new RelayError('rate_limited', `Too much at once: ${waiting}.`, { ref, retryAfter: 1 })
    return new RelayError('unreachable', `The hub cannot be reached, and ${waiting}.`, { ref })
  }
}

function isAnswerTo(jobs: readonly { readonly ref: string }[], submitted: unknown): boolean {
  return Array.isArray(submitted) && submitted.length === jobs.length && jobs.every(({ ref }, i) => submitted[i]?.ref === ref)
}

/** Bytes of an entry beside what is counted, with all its keys and numbers. */
const header = 512

function weigh({ args, name, queue = '', tags, meta, unique, trace = '' }: Parcel['jobs'][number]): number {
  const more = tags || meta || unique ? frameShare(JSON.stringify({ tags, meta, unique })) : 0
  return header + frameShare(args) + 6 * (name.length + queue.length + trace.length) + more
}

function oversized({ jobs, atomic, weight }: Parcel, limits: Limits): RelayError | undefined {
  for (const { ref, name, args } of jobs) {
    if (fits(args, limits.argsBytes)) continue
    const message = `The encoded args of "${name}" take ${byteLength(args)} bytes; at most ${limits.argsBytes} are taken.`
    return new RelayError('payload_too_large', message, { ref })
  }
  if (!atomic || (weight <= limits.frameBytes && jobs.length <= limits.batch)) return undefined
  const message = `${jobs.length} jobs of about ${weight} bytes do not fit one frame of ${limits.batch} jobs and ${limits.frameBytes} bytes.`
  return new RelayError('payload_too_large', message, { ref: jobs[0]?.ref })
}
