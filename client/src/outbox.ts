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
  /** Called once, unless the parcel is withdrawn before: with the hub's answer to each job, in order. */
  resolve(submitted: readonly Submitted[]): void
  reject(error: RelayError): void
}

interface Held {
  readonly parcel: Parcel
  /** Upper bound of its bytes in a frame. */
  readonly weight: number
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
  readonly #held = new Map<Parcel, Held>()
  /** Those not sent on this connection, in order; withdrawn ones are skipped when their turn comes. */
  #unsent: Held[] = []
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
    const weight = parcel.jobs.reduce((sum, job) => sum + weigh(job), 0)
    const { limits } = this.connection
    const refused = (limits && oversized(parcel, weight, limits)) ?? this.#full(parcel, weight)
    if (refused) return parcel.reject(refused)
    const held = { parcel, weight }
    this.#held.set(parcel, held)
    this.#unsent.push(held)
    this.#jobs += parcel.jobs.length
    this.#bytes += weight
    this.pump()
  }

  /** Forgets a parcel whose caller no longer waits. What has left already may still be stored. */
  withdraw(parcel: Parcel): void {
    const held = this.#held.get(parcel)
    if (!held) return
    this.#held.delete(parcel)
    this.#jobs -= parcel.jobs.length
    this.#bytes -= held.weight
    this.#compact()
  }

  /** Withdrawn parcels are skipped when their turn comes; while it does not, they are let go of in bulk. */
  #compact(): void {
    if (this.#unsent.length > 2 * this.#held.size + spare) this.#unsent = this.#unsent.filter(({ parcel }) => this.#held.has(parcel))
  }

  /** Nothing that was on its way will be answered. */
  disconnected(): void {
    this.#onTheWay = 0
    this.#unsent = [...this.#held.values()]
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
  #frames(limits: Limits): Held[][] {
    const singles: Held[] = []
    const frames: Held[][] = []
    let next = 0
    for (; next < this.#unsent.length && this.#onTheWay < windowBytes; next += 1) {
      const held = this.#unsent[next] as Held
      if (!this.#held.has(held.parcel)) continue
      const refused = oversized(held.parcel, held.weight, limits)
      if (refused) {
        this.withdraw(held.parcel)
        held.parcel.reject(refused)
        continue
      }
      this.#onTheWay += held.weight
      if (held.parcel.atomic) frames.push([held])
      else singles.push(held)
    }
    this.#unsent = this.#unsent.slice(next)
    return [...cutIntoFrames(singles, { ...limits, batch: Math.min(stride, limits.batch) }, ({ weight }) => weight), ...frames]
  }

  async #submit(frame: readonly Held[]): Promise<void> {
    const carried: Attachment[] = []
    const jobs: JobRequestInput[] = []
    for (const { parcel } of frame) {
      for (const job of parcel.jobs) {
        const attachment = this.pending.takeFor(job.ref)
        if (attachment) carried.push(attachment)
        jobs.push(attachment ? { ...job, want: attachment.want } : job)
      }
    }
    const reply = await this.connection.ask('submit', frame[0]?.parcel.atomic ? { jobs, atomic: true } : { jobs })
    if ('lost' in reply && reply.lost === 'disconnected') return
    this.#onTheWay -= frame.reduce((sum, { weight }) => sum + weight, 0)
    const answer = 'ok' in reply && !isAnswerTo(jobs, reply.ok) ? unreadable : reply
    const stored = new Set('ok' in answer ? answer.ok.flatMap((each) => ('refused' in each ? [] : [each.ref])) : [])
    for (const attachment of carried) {
      if (stored.has(attachment.ref)) this.pending.confirm(attachment)
      else this.pending.again(attachment)
    }
    if ('lost' in answer) this.#unsent = [...frame, ...this.#unsent]
    else this.#settle(frame, answer)
    this.pump()
  }

  #settle(frame: readonly Held[], answer: Answer<Submitted[]>): void {
    let next = 0
    for (const { parcel } of frame) {
      const from = next
      next += parcel.jobs.length
      if (!this.#held.has(parcel)) continue
      this.withdraw(parcel)
      if ('refused' in answer) parcel.reject(errorOf(answer.refused, parcel.jobs[0]?.ref))
      else parcel.resolve(answer.ok.slice(from, next))
    }
  }

  #full({ jobs }: Parcel, weight: number): RelayError | undefined {
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

function oversized({ jobs, atomic }: Parcel, weight: number, limits: Limits): RelayError | undefined {
  for (const { ref, name, args } of jobs) {
    if (fits(args, limits.argsBytes)) continue
    const message = `The encoded args of "${name}" take ${byteLength(args)} bytes; at most ${limits.argsBytes} are taken.`
    return new RelayError('payload_too_large', message, { ref })
  }
  if (!atomic || (weight <= limits.frameBytes && jobs.length <= limits.batch)) return undefined
  const message = `${jobs.length} jobs of about ${weight} bytes do not fit one frame of ${limits.batch} jobs and ${limits.frameBytes} bytes.`
  return new RelayError('payload_too_large', message, { ref: jobs[0]?.ref })
}
