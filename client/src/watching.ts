import type { Cursor, WatchEvent as Told, Watched } from '@anchorleg/shared'
import { messages } from './attachments.js'
import { RelayError } from './errors.js'
import { EventBuffer } from './eventBuffer.js'
import { givenRelay } from './givenRelay.js'
import type { Inquiry } from './inquiries.js'
import { Playback } from './playback.js'
import { readEvent, type WatchEvent } from './watchEvent.js'
import type { Watches } from './watches.js'

/** What is asked of the hub for a watcher: everything beyond its cursor. */
export interface WatchAsked {
  readonly ref: string
  readonly from?: Cursor
}

/** One walk through what happens to a job. It begins with the first `next`. */
export class Watching implements AsyncIterableIterator<WatchEvent>, Inquiry<WatchAsked, Watched> {
  ref = ''
  readonly #buffer = new EventBuffer()
  readonly #playback = new Playback((event) => this.#buffer.put(event))
  /** What came while the hub was asked; it may have happened before its answer. */
  #early: Told[] = []
  #isAgain = false
  #phase: 'idle' | 'starting' | 'asking' | 'following' | 'over' = 'idle'

  constructor(
    private readonly relay: unknown,
    private readonly signal: AbortSignal | undefined,
    private readonly watches: Pick<Watches, 'ended' | 'join' | 'ask' | 'leave' | 'finished'>,
  ) {}

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<WatchEvent, undefined>> {
    if (this.#phase === 'idle') void this.#start()
    const event = await this.#buffer.take()
    if (!event) return { done: true, value: undefined }
    try {
      return { done: false, value: readEvent(event, this.ref) }
    } catch (error) {
      this.#stop()
      throw error
    }
  }

  async return(): Promise<IteratorResult<WatchEvent, undefined>> {
    this.#stop()
    return { done: true, value: undefined }
  }

  get asked(): WatchAsked {
    const from = this.#playback.cursor
    return { ref: this.ref, ...(from && { from }) }
  }

  answered(told: Watched): void {
    if (told.type !== 'job') return this.failed(new RelayError(told.type, messages[told.type], { ref: this.ref }))
    const early = this.#early
    const isAgain = this.#isAgain
    this.#phase = 'following'
    this.#isAgain = false
    if (this.#playback.answered(told) || !this.#playback.toldEarly(early, told)) return this.#ask()
    if (this.#playback.ended) this.#finish('answer')
    else if (isAgain) this.#ask()
  }

  refused(error: RelayError): void {
    this.failed(error)
  }

  /** Something happened to the job. */
  told(event: Told): void {
    if (this.#phase === 'asking') this.#early.push(event)
    if (this.#phase !== 'following') return
    if (!this.#playback.told(event)) return this.#ask()
    if (this.#playback.ended) this.#finish('event')
  }

  /** Something may have been missed: the hub is asked again from here on. */
  renew(): void {
    if (this.#phase === 'following') this.#ask()
    else this.#isAgain = true
  }

  /** Nothing more comes on this connection, not even an answer. */
  disconnected(): void {
    this.#early = []
    if (this.#phase === 'following') this.#ask()
  }

  /** There is nothing to watch any more. That the client was closed is no news to who closed it. */
  failed(error: RelayError): void {
    if (this.#phase === 'over') return
    this.#over()
    this.#buffer.end(error.code === 'closed' ? undefined : error)
  }

  async #start(): Promise<void> {
    this.#phase = 'starting'
    if (this.signal?.aborted) return this.#stop()
    this.signal?.addEventListener('abort', this.#stop)
    try {
      if (this.watches.ended) throw this.watches.ended
      const { ref } = await givenRelay(this.relay)
      if (this.#phase !== 'starting') return
      this.ref = ref
      this.#phase = 'asking'
      this.watches.join(this)
    } catch (error) {
      this.#over()
      this.#buffer.end(error as RelayError)
    }
  }

  /** The answer has everything that was told before it was asked for. */
  #ask(): void {
    this.#phase = 'asking'
    this.#early = []
    this.watches.ask(this)
  }

  /** Who watches has had enough. */
  readonly #stop = (): void => {
    this.#over()
    this.#buffer.clear()
    this.#buffer.end()
  }

  /** The final outcome is there, by an event that all watchers get or by the answer to this one alone. */
  #finish(by: 'event' | 'answer'): void {
    this.#phase = 'over'
    this.signal?.removeEventListener('abort', this.#stop)
    this.#buffer.end()
    this.watches.finished(this, by)
  }

  #over(): void {
    this.#phase = 'over'
    this.signal?.removeEventListener('abort', this.#stop)
    if (this.ref) this.watches.leave(this)
  }
}
