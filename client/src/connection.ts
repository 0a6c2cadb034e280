import { type Answer, after, commonProtocol, type Limits, protocol, type Refusal, release, type Welcome } from '@anchorleg/shared'
import { anyOf, backoff } from './backoff.js'
import { quietlyDeferred } from './deferred.js'
import { RelayError } from './errors.js'
import { type NoAnswer, Socket } from './socket.js'

export type Status = 'idle' | 'connecting' | 'connected' | 'disconnected' | 'refused' | 'closed'

/** A token, or what is asked for one on every connection. */
export type Token = string | (() => string | PromiseLike<string>)

/** The answer to one message; `lost` when there was none, because it came too late or the connection closed first. */
export type Reply<T> = Answer<T> | NoAnswer

export interface Address {
  /** The Socket.IO of each hub that will do: `https://host:port/socket.io/`. */
  readonly addresses: readonly string[]
  readonly namespace: string
  readonly token?: Token | undefined
  /** Milliseconds after which an unanswered message counts as lost. */
  readonly answerWithin?: number
}

/** What a connection tells. Each call is guarded: what it throws becomes an `error` event. */
export interface Listener {
  /** The hub has welcomed us; its limits are known. */
  connected(): void
  disconnected(): void
  /** The connection has ended for good: the hub refused us, or we closed. Told once. */
  ended(error: RelayError): void
  /** Something went wrong that ends nothing: a try that failed, a token that could not be had. */
  failed(error: RelayError): void
  /** What the hub says unasked, by event, and what tells it that this was heard. */
  readonly hears: { readonly [event: string]: (message: never, acknowledge: () => void) => void }
}

type MessageOf<Ask> = Ask extends (message: infer Message, answer: never) => void ? Message : never
type ReplyOf<Ask> = Ask extends (message: never, answer: (reply: Answer<infer R>) => void) => void ? R : never

/** Milliseconds that a hub may take to open the line, and then to welcome us. */
const stepWithin = 10_000

/** How often in a row a token that a function gave may be turned away by a hub that let us in before: it takes some three seconds. */
const mostTurns = 6

/**
 * One connection to a namespace of a hub, kept up until it is refused or closed. Each try uses a
 * socket of its own, so nothing said on one connection can leave on another; nothing is ever kept for a later one. Of several
 * hubs any will do: it begins with one by chance, so that peers spread, and turns to the next after each failure or loss.
 */
export class Connection<Asks extends object> {
  #status: Status = 'idle'
  #socket: Socket | undefined
  #tries = 0
  #turnedAway = 0
  #turn: number
  #limits: Limits | undefined
  #ended: RelayError | undefined
  #stopTimer = () => {}
  readonly #ready = quietlyDeferred()
  readonly #firstTry = quietlyDeferred()

  constructor(
    private readonly address: Address,
    private readonly listener: Listener,
  ) {
    this.#turn = anyOf(address.addresses.length)
  }

  get status(): Status {
    return this.#status
  }

  /** Why the connection has ended for good; undefined while it has not. */
  get ended(): RelayError | undefined {
    return this.#ended
  }

  /** What the hub said last of its limits; undefined before its first welcome. */
  get limits(): Limits | undefined {
    return this.#limits
  }

  /** Resolves with the first welcome; rejects when refused or closed before. It is never an unhandled rejection. */
  get ready(): Promise<void> {
    return this.#ready.promise
  }

  /** Resolves once the first try to connect has succeeded or failed. */
  get firstTry(): Promise<void> {
    return this.#firstTry.promise
  }

  /** Connects, unless that was done before. */
  open(): void {
    if (this.#status !== 'idle') return
    this.#status = 'connecting'
    this.#try()
  }

  /** Sends one message and gives its answer. It never rejects, and sends nothing while not connected. */
  async ask<Event extends keyof Asks & string>(event: Event, message: MessageOf<Asks[Event]>): Promise<Reply<ReplyOf<Asks[Event]>>> {
    if (this.#status !== 'connected' || !this.#socket) return { lost: 'disconnected' }
    return readAnswer(await this.#socket.ask(event, message, this.address.answerWithin ?? 5_000))
  }

  /** Drops the connection and makes another. */
  renew(): void {
    if (this.#status === 'connected') this.#lose('The connection is made anew.')
  }

  /** Ends the connection for good. Safe to call twice. */
  close(): void {
    this.#end('closed', new RelayError('closed', 'The connection was closed here.'))
  }

  /** Ends the connection for good, because the hub refuses what we need of it. */
  refuse(error: RelayError): void {
    this.#end('refused', error)
  }

  #try(): void {
    try {
      this.#socket = this.#open()
      this.#allow('The hub did not answer')
    } catch (cause) {
      this.#lose(`No line to ${this.#place} can be opened.`, cause)
    }
  }

  /** The hub whose turn it is. */
  get #place(): string {
    return this.address.addresses[this.#turn] as string
  }

  #open(): Socket {
    const place = this.#place
    const guarded = (act: () => void) => this.#socket === socket && this.#guard(act)
    const socket: Socket = new Socket(place, this.address.namespace, {
      opened: () => guarded(() => this.#identify(socket)),
      refused: (message, data) => guarded(() => this.#refuse(message, data as Partial<Refusal> | undefined)),
      closed: (reason) => guarded(() => this.#lose(`The hub at ${place} cannot be reached: ${reason}.`)),
      heard: (event, message, acknowledge) => guarded(() => this.#hear(event, message as never, acknowledge)),
    })
    return socket
  }

  /** The token is asked for on every connection, because it may have run out since; a function may take its time. */
  #identify(socket: Socket): void {
    this.#stopTimer()
    const join = (token?: string) => {
      if (this.#socket !== socket) return
      this.#allow('The hub did not welcome us')
      socket.join({ protocol, sdk: release, token })
    }
    const { token } = this.address
    if (typeof token !== 'function') return join(token)
    new Promise<string>((resolve) => resolve(token())).then(join, (cause: unknown) => {
      if (this.#socket === socket) this.#lose('The token function failed.', cause)
    })
  }

  /** The next step of a try has so long. */
  #allow(message: string): void {
    this.#stopTimer = after(stepWithin, () => this.#lose(`${message} within ${stepWithin} ms.`))
  }

  #hear(event: string, message: never, acknowledge: () => void): void {
    if (event === 'welcome') this.#welcome(message)
    else if (event === 'goodbye') this.#dismiss(message)
    else if (Object.hasOwn(this.listener.hears, event)) this.listener.hears[event]?.(message, acknowledge)
  }

  #welcome({ protocol: spoken, limits }: Welcome): void {
    if (commonProtocol(protocol, { min: spoken, max: spoken }) === undefined) {
      const message = `The hub speaks protocol version ${spoken}; this package speaks ${protocol.min} to ${protocol.max}.`
      return this.refuse(new RelayError('forbidden', message))
    }
    if (!(limits.frameBytes > 0 && limits.batch > 0)) throw new TypeError('The welcome has no limits.')
    this.#stopTimer()
    this.#tries = 0
    this.#turnedAway = 0
    this.#limits = limits
    this.#status = 'connected'
    this.#ready.resolve()
    this.#firstTry.resolve()
    this.#guard(() => this.listener.connected())
  }

  #refuse(message: string, { code }: Partial<Refusal> = {}): void {
    if (code === 'forbidden' || (code === 'unauthorized' && !this.#mayComeAgain())) this.refuse(new RelayError(code, message))
    else this.#lose(`The hub does not let us in: ${message}`)
  }

  /** Who was let in before may have a function whose clock is a little behind, so that it gives once more the token that ran out. */
  #mayComeAgain(): boolean {
    return typeof this.address.token === 'function' && this.#limits !== undefined && ++this.#turnedAway < mostTurns
  }

  /** The hub ends the connection, because our token has run out: a function may give another. */
  #dismiss({ code, message }: Refusal): void {
    if (typeof this.address.token === 'function') this.#lose(message)
    else this.#refuse(message, { code })
  }

  /** The connection, or a try to make it, is over: another try follows. */
  #lose(message: string, cause?: unknown): void {
    const wasConnected = this.#status === 'connected'
    this.#status = 'disconnected'
    this.#drop()
    this.#stopTimer = after(this.#nextWait(), () => this.#try())
    this.#firstTry.resolve()
    if (wasConnected) this.#guard(() => this.listener.disconnected())
    else this.#guard(() => this.listener.failed(new RelayError('unreachable', message, { cause })))
  }

  /** Turns to the next hub; at once, until all of them have failed in a row. */
  #nextWait(): number {
    const { length } = this.address.addresses
    this.#turn = (this.#turn + 1) % length
    this.#tries += 1
    return this.#tries % length > 0 ? 0 : backoff(this.#tries / length - 1)
  }

  #end(status: 'refused' | 'closed', error: RelayError): void {
    if (this.#ended) return
    const wasConnected = this.#status === 'connected'
    this.#status = status
    this.#ended = error
    this.#drop()
    this.#ready.reject(error)
    this.#firstTry.resolve()
    if (wasConnected) this.#guard(() => this.listener.disconnected())
    this.#guard(() => this.listener.ended(error))
  }

  #drop(): void {
    const socket = this.#socket
    this.#socket = undefined
    this.#stopTimer()
    socket?.close()
  }

  #guard(call: () => void): void {
    try {
      call()
    } catch (cause) {
      this.listener.failed(new RelayError('unreachable', 'A message of the hub could not be taken.', { cause }))
    }
  }
}

/** An answer of an unknown form is taken for a hub in trouble. */
export const unreadable = { refused: { code: 'store_unavailable', message: 'The hub gave an answer that cannot be read.' } } as const

function readAnswer<T>(answer: unknown): Reply<T> {
  if (typeof answer === 'object' && answer !== null) {
    if ('ok' in answer || 'lost' in answer) return answer as Reply<T>
    if ('refused' in answer && typeof answer.refused === 'object' && answer.refused !== null) return answer as Answer<T>
  }
  return unreadable
}
