import { after, type ClientAsks, cutIntoFrames, endOfTurn, type Limits } from '@anchorleg/shared'
import { backoff } from './backoff.js'
import { type Connection, type Reply, unreadable } from './connection.js'
import { RelayError } from './errors.js'

/** One question about a ref. It is asked until it is answered, refused or withdrawn. */
export interface Inquiry<Asked, Told> {
  readonly ref: string
  /** What is asked, as it stands when it leaves. */
  readonly asked: Asked
  answered(told: Told): void
  refused(error: RelayError): void
}

interface Terms<Asked, Told> {
  readonly connection: Pick<Connection<ClientAsks>, 'status' | 'limits'>
  /** Sends a message with these questions. */
  readonly ask: (asked: Asked[]) => Promise<Reply<Told[]>>
  /** Upper bound of a question's bytes in a frame. */
  readonly weigh: (asked: Asked) => number
  /** Why a question is one that this hub does not take. */
  readonly refuse?: (asked: Asked, limits: Limits) => RelayError | undefined
  /** Refs that are being submitted: the hub may not know them yet, so what is asked about them waits. */
  readonly isUnderWay: (ref: string) => boolean
  /** Whether a hub in trouble is asked again until it is well. */
  readonly patient: boolean
}

/**
 * Questions of one kind to the hub. What one turn of the event loop brings leaves in one message; what was not answered when
 * a connection ended leaves again on the next. So a question must be one that may be asked twice.
 */
export class Inquiries<Asked, Told extends { readonly ref: string }> {
  readonly #open = new Set<Inquiry<Asked, Told>>()
  #unasked = new Set<Inquiry<Asked, Told>>()
  #scheduled = false
  #refusals = 0
  #ended: RelayError | undefined

  constructor(private readonly terms: Terms<Asked, Told>) {}

  add(inquiry: Inquiry<Asked, Told>): void {
    if (this.#ended) return inquiry.refused(this.#ended)
    this.#open.add(inquiry)
    this.#unasked.add(inquiry)
    this.schedule()
  }

  withdraw(inquiry: Inquiry<Asked, Told>): void {
    this.#open.delete(inquiry)
    this.#unasked.delete(inquiry)
  }

  /**
   * Asks one question and reads its answer. Rejects with RelayError: when it is refused, when the client ends, `unreachable`
   * after so many ms, and with what `read` throws.
   */
  once<T>({ ref, asked }: { readonly ref: string; readonly asked: Asked }, ms: number, read: (told: Told) => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const inquiry: Inquiry<Asked, Told> = {
        ref,
        asked,
        answered(told) {
          stop()
          resolve(read(told))
        },
        refused(error) {
          stop()
          reject(error)
        },
      }
      const stop = after(ms, () => {
        this.withdraw(inquiry)
        reject(new RelayError('unreachable', `The hub did not answer within ${ms} ms.`, { ref }))
      })
      this.add(inquiry)
    })
  }

  /** Nothing that was on its way will be answered. */
  disconnected(): void {
    this.#unasked = new Set(this.#open)
  }

  /** Refuses what is not answered yet, and whatever comes later. */
  end(error: RelayError): void {
    this.#ended = error
    for (const inquiry of [...this.#open]) this.#refuse(inquiry, error)
  }

  /** Asks what is to be asked, at the end of this turn. */
  schedule(): void {
    if (this.#scheduled || this.#unasked.size === 0 || this.terms.connection.status !== 'connected') return
    this.#scheduled = true
    endOfTurn(() => {
      this.#scheduled = false
      this.#flush()
    })
  }

  #flush(): void {
    const { connection, isUnderWay, weigh, refuse } = this.terms
    const { limits, status } = connection
    if (status !== 'connected' || !limits) return
    const ready: Inquiry<Asked, Told>[] = []
    for (const inquiry of [...this.#unasked]) {
      if (isUnderWay(inquiry.ref)) continue
      this.#unasked.delete(inquiry)
      const refused = refuse?.(inquiry.asked, limits)
      if (refused) this.#refuse(inquiry, refused)
      else ready.push(inquiry)
    }
    for (const frame of cutIntoFrames(ready, limits, ({ asked }) => weigh(asked))) void this.#ask(frame)
  }

  async #ask(frame: readonly Inquiry<Asked, Told>[]): Promise<void> {
    const reply = await this.terms.ask(frame.map(({ asked }) => asked))
    if ('lost' in reply) {
      if (reply.lost === 'late') this.#again(frame)
      return
    }
    if ('refused' in reply) return this.#refusedBy(reply, frame)
    this.#refusals = 0
    const unanswered = frame.filter((inquiry, i) => !this.#take(inquiry, Array.isArray(reply.ok) ? reply.ok[i] : undefined))
    if (unanswered.length > 0) this.#refusedBy(unreadable, unanswered)
  }

  /** Gives a question its answer; false when there is none that can be read. */
  #take(inquiry: Inquiry<Asked, Told>, told: Told | undefined): boolean {
    if (!this.#open.has(inquiry)) return true
    if (told?.ref !== inquiry.ref) return false
    this.withdraw(inquiry)
    try {
      inquiry.answered(told)
    } catch (cause) {
      const { code, message } = unreadable.refused
      inquiry.refused(cause instanceof RelayError ? cause : new RelayError(code, message, { ref: inquiry.ref, cause }))
    }
    return true
  }

  #refusedBy({ refused: { code, message, retryAfter } }: Extract<Reply<never>, { refused: unknown }>, frame: readonly Inquiry<Asked, Told>[]): void {
    const final = code === 'unauthorized' || code === 'forbidden' || code === 'invalid_message'
    if (this.terms.patient && !final) {
      // A hub in trouble is asked less and less often.
      after(backoff(this.#refusals++), () => this.#again(frame))
      return
    }
    const known = code === 'invalid_message' ? 'forbidden' : code
    for (const inquiry of frame) this.#refuse(inquiry, new RelayError(known, message, { ref: inquiry.ref, retryAfter }))
  }

  #refuse(inquiry: Inquiry<Asked, Told>, error: RelayError): void {
    if (!this.#open.has(inquiry)) return
    this.withdraw(inquiry)
    inquiry.refused(error)
  }

  #again(frame: readonly Inquiry<Asked, Told>[]): void {
    for (const inquiry of frame) if (this.#open.has(inquiry)) this.#unasked.add(inquiry)
    this.schedule()
  }
}
