import type { Want } from '@anchorleg/shared'

/** One await's interest in one ref. */
export interface Awaiter {
  readonly want: Want
  /** A stored outcome that satisfies it. */
  outcome(outcome: unknown): void
}

/**
 * What all awaiters of one ref with one want share: an attachment at the hub. It waits to be asked for, is asked for
 * (by an `attach`, or carried by a `submit`), or stands.
 */
export interface Attachment {
  readonly ref: string
  readonly want: Want
  readonly awaiters: Set<Awaiter>
  stage: 'waiting' | 'asked' | 'standing'
}

/**
 * Which refs are awaited here, and what the hub knows of that. Bookkeeping alone: it neither talks nor waits.
 */
export class PendingRefs {
  readonly #attachments = { any: new Map<string, Attachment>(), final: new Map<string, Attachment>() }
  readonly #waiting = new Set<Attachment>()
  readonly #leaving = new Set<Attachment>()

  add(ref: string, awaiter: Awaiter): void {
    const { want } = awaiter
    const attachments = this.#attachments[want]
    let attachment = attachments.get(ref)
    if (!attachment) {
      attachment = { ref, want, awaiters: new Set(), stage: 'waiting' }
      attachments.set(ref, attachment)
      this.#waiting.add(attachment)
    }
    attachment.awaiters.add(awaiter)
    this.#leaving.delete(attachment)
  }

  /** An await has ended. Where nobody else shares its attachment, the hub is to be told. */
  remove(ref: string, awaiter: Awaiter): void {
    const attachment = this.#attachments[awaiter.want].get(ref)
    if (!attachment?.awaiters.delete(awaiter) || attachment.awaiters.size > 0) return
    if (attachment.stage === 'waiting') this.#forget(attachment)
    else this.#leaving.add(attachment)
  }

  /** Satisfies the awaiters of a ref. A final outcome satisfies all, another those who want any. */
  deliver(ref: string, outcome: { readonly final?: unknown } | null): void {
    this.#satisfy(this.#attachments.any.get(ref), outcome)
    if (outcome?.final !== false) this.#satisfy(this.#attachments.final.get(ref), outcome)
  }

  /** The attachments of a ref. */
  of(ref: string): Attachment[] {
    return Object.values(this.#attachments).flatMap((attachments) => attachments.get(ref) ?? [])
  }

  /** Takes an attachment away and gives who shared it. */
  end(attachment: Attachment): Awaiter[] {
    this.#forget(attachment)
    return [...attachment.awaiters]
  }

  /** The attachments to ask for now, but those of refs held back. They count as asked for. */
  takeWaiting(heldBack: (ref: string) => boolean): Attachment[] {
    const taken = [...this.#waiting].filter(({ ref }) => !heldBack(ref))
    for (const attachment of taken) this.#ask(attachment)
    return taken
  }

  /** The attachment of a ref that a `submit` may carry. It counts as asked for. */
  takeFor(ref: string): Attachment | undefined {
    for (const want of ['any', 'final'] as const) {
      const attachment = this.#attachments[want].get(ref)
      if (attachment?.stage !== 'waiting') continue
      this.#ask(attachment)
      return attachment
    }
    return undefined
  }

  /** The attachments that nobody shares any longer; they are forgotten. */
  takeLeaving(): Attachment[] {
    const leaving = [...this.#leaving]
    for (const attachment of leaving) this.#forget(attachment)
    return leaving
  }

  /** Whether anything is to be asked for or given up. */
  get restless(): boolean {
    return this.#waiting.size > 0 || this.#leaving.size > 0
  }

  /** The hub has confirmed an attachment. */
  confirm(attachment: Attachment): void {
    if (attachment.stage === 'asked') attachment.stage = 'standing'
  }

  /** The hub has not taken an attachment: it is to be asked for again. */
  again(attachment: Attachment): void {
    if (attachment.stage === 'waiting' || !this.#has(attachment)) return
    attachment.stage = 'waiting'
    if (this.#leaving.has(attachment)) this.#forget(attachment)
    else this.#waiting.add(attachment)
  }

  /** The connection is gone, and every attachment with it. */
  reset(): void {
    for (const attachment of this.#leaving) this.#forget(attachment)
    for (const attachments of Object.values(this.#attachments)) for (const attachment of attachments.values()) this.again(attachment)
  }

  #ask(attachment: Attachment): void {
    this.#waiting.delete(attachment)
    attachment.stage = 'asked'
  }

  #satisfy(attachment: Attachment | undefined, outcome: unknown): void {
    if (attachment) for (const awaiter of this.end(attachment)) awaiter.outcome(outcome)
  }

  #has(attachment: Attachment): boolean {
    return this.#attachments[attachment.want].get(attachment.ref) === attachment
  }

  #forget(attachment: Attachment): void {
    this.#waiting.delete(attachment)
    this.#leaving.delete(attachment)
    if (this.#has(attachment)) this.#attachments[attachment.want].delete(attachment.ref)
  }
}
