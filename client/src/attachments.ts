import { after, type ClientAsks, cutIntoFrames, endOfTurn, Gathering, type RefOutcome, type Standing, type Want } from '@anchorleg/shared'
import { backoff } from './backoff.js'
import type { Connection } from './connection.js'
import type { Attachment, Awaiter, PendingRefs } from './pendingRefs.js'

/** An await that the hub may also answer without an outcome. */
export interface RefAwaiter extends Awaiter {
  /** The hub knows no outcome of this ref and never will, or refuses to say. */
  failed(code: 'not_found' | 'expired' | 'unauthorized' | 'forbidden', message: string): void
}

interface Look {
  readonly ref: string
  readonly want: Want
  readonly answer: (standing: Standing | undefined) => void
}

/** Bytes of one ref and want in a frame. */
const weight = 96

/**
 * Keeps the hub told which refs are awaited here: it attaches and detaches what one turn of the event loop brought in
 * one message each, and all that is pending after a reconnect.
 */
export class Attachments {
  readonly #looks = new Gathering<Look>((looks) => this.#look(looks))
  #scheduled = false
  #refusals = 0

  constructor(
    private readonly connection: Connection<ClientAsks>,
    private readonly pending: PendingRefs,
    /** Refs that are being submitted: the hub may not know them yet, and the submit carries what is wanted. */
    private readonly isUnderWay: (ref: string) => boolean,
  ) {}

  add(ref: string, awaiter: RefAwaiter): void {
    this.pending.add(ref, awaiter)
    this.schedule()
  }

  remove(ref: string, awaiter: RefAwaiter): void {
    this.pending.remove(ref, awaiter)
    this.schedule()
  }

  /** Outcomes that the hub pushed. */
  deliver(outcomes: readonly RefOutcome[]): void {
    for (const each of outcomes) this.pending.deliver(each?.ref, each?.outcome)
  }

  /** Refs whose job was deleted after its retention. */
  expired(refs: readonly string[]): void {
    for (const ref of refs) for (const attachment of this.pending.of(ref)) this.#fail(attachment, 'expired', messages.expired)
  }

  /** Asks where a ref stands, joining nothing. Undefined when there is no answer. */
  look(ref: string, want: Want): Promise<Standing | undefined> {
    return new Promise((answer) => this.#looks.add({ ref, want, answer }))
  }

  disconnected(): void {
    this.pending.reset()
  }

  /** Tells the hub what has changed, at the end of this turn. */
  schedule(): void {
    if (this.#scheduled || !this.pending.restless || this.connection.status !== 'connected') return
    this.#scheduled = true
    endOfTurn(() => {
      this.#scheduled = false
      if (this.connection.status === 'connected') this.#flush()
    })
  }

  #flush(): void {
    for (const frame of this.#cut(this.pending.takeLeaving())) void this.connection.ask('detach', { refs: frame.map(wantedOf) })
    for (const frame of this.#cut(this.pending.takeWaiting(this.isUnderWay))) void this.#attach(frame)
  }

  async #attach(frame: readonly Attachment[]): Promise<void> {
    const reply = await this.connection.ask('attach', { refs: frame.map(wantedOf) })
    if ('lost' in reply) {
      if (reply.lost === 'late') this.#again(frame)
      return
    }
    if ('refused' in reply) {
      const { code, message } = reply.refused
      if (code !== 'unauthorized' && code !== 'forbidden') return this.#againLater(frame)
      for (const attachment of frame) this.#fail(attachment, code, message)
      return
    }
    this.#refusals = 0
    const unanswered = frame.filter((attachment, i) => !this.#take(attachment, standingAt(reply.ok, i, attachment.ref)))
    if (unanswered.length > 0) this.#againLater(unanswered)
  }

  /** What the hub said of one attachment; false when it said nothing that can be read. */
  #take(attachment: Attachment, standing: Standing | undefined): boolean {
    switch (standing?.type) {
      case 'outcome':
        for (const awaiter of this.pending.end(attachment)) awaiter.outcome(standing.outcome)
        return true
      case 'pending':
        this.pending.confirm(attachment)
        return true
      case 'not_found':
      case 'expired':
        this.#fail(attachment, standing.type, messages[standing.type])
        return true
      default:
        return false
    }
  }

  #fail(attachment: Attachment, code: Parameters<RefAwaiter['failed']>[0], message: string): void {
    for (const awaiter of this.pending.end(attachment)) (awaiter as RefAwaiter).failed(code, message)
  }

  #again(frame: readonly Attachment[]): void {
    for (const attachment of frame) this.pending.again(attachment)
    this.schedule()
  }

  /** A hub in trouble is asked less and less often. */
  #againLater(frame: readonly Attachment[]): void {
    after(backoff(this.#refusals++), () => this.#again(frame))
  }

  #look(looks: readonly Look[]): void {
    for (const frame of this.#cut(looks)) {
      void this.connection.ask('look', { refs: frame.map(wantedOf) }).then((reply) => {
        frame.forEach(({ ref, answer }, i) => answer('ok' in reply ? standingAt(reply.ok, i, ref) : undefined))
      })
    }
  }

  #cut<T>(entries: readonly T[]): T[][] {
    const { limits } = this.connection
    return limits ? cutIntoFrames(entries, limits, () => weight) : [[...entries]]
  }
}

/** Why a ref has no outcome and will have none. */
export const messages = {
  not_found: 'The hub knows no job under this ref.',
  expired: 'The job and its result were deleted after their retention.',
} as const

function wantedOf({ ref, want }: { readonly ref: string; readonly want: Want }) {
  return { ref, want }
}

function standingAt(standings: unknown, i: number, ref: string): Standing | undefined {
  const standing = Array.isArray(standings) ? (standings[i] as Standing | undefined) : undefined
  return standing?.ref === ref ? standing : undefined
}
