import type { EventEmitter } from 'node:events'
import { after, type Clock } from '@anchorleg/shared'
import type { Server, Socket } from 'socket.io'
import type { WebSocket } from 'ws'
import type { Bounds } from '../bounds.js'
import type { TelemetryBus } from '../telemetry.js'
import { Bucket } from './bucket.js'

/** What of an engine's connection is used here. */
interface Connection extends EventEmitter {
  readonly id: string
  readonly readyState: string
  readonly transport: EventEmitter & { readonly socket: WebSocket }
  close(discard: boolean): void
}

interface Terms {
  readonly bounds: Bounds
  readonly telemetry: TelemetryBus
  readonly clock: Clock
}

/** Messages that may come at once, in seconds of the steady rate; and how far ahead of it a peer may be before it is cut, in ms. */
const burstSeconds = 5
const longestDebtMs = 10_000

/** What a message counts that no SDK sends. */
const violationCost = 20

/** Messages of one peer that are worked on at once. */
const mostUnanswered = 1_000

/** How long a peer to which much is to be sent may take next to nothing of it, in ms; and how much makes it one that is not listened to either. */
const suspicionMs = 2_000
const pausingPile = 4

/** How often one connection may ask for a namespace. */
const mostHandshakes = 10

const turnstiles = new WeakMap<object, Turnstile>()

/** Puts a turnstile before every connection. */
export function setUpTurnstiles(io: Server, terms: Terms): void {
  io.engine.on('connection', (connection: Connection) => turnstiles.set(connection, new Turnstile(connection, terms)))
}

/** That of the connection to which a socket belongs. */
export function turnstileOf({ conn }: Socket): Turnstile {
  return turnstiles.get(conn) as Turnstile
}

/**
 * What passes on one connection, in and out, before anybody reads it. A peer that sends faster than its rate, or more than is
 * worked on, is read more slowly: its own line holds back what is too much. One that is far beyond, that does not read, or that
 * joins nothing in time, is cut.
 */
export class Turnstile {
  readonly #joined = new Set<string>()
  readonly #bucket: Bucket | undefined
  #handshakes = 0
  /** Characters that the engine has not handed to the WebSocket yet. */
  #queued = 0
  #unanswered = 0
  /** Characters that have come since everything was answered. */
  #received = 0
  #isBusy = false
  #isAhead = false
  #isSuspect = false
  #isPiled = false
  #stopSuspicion = () => {}
  #stopPause = () => {}
  #stopWaiting = () => {}

  constructor(
    private readonly connection: Connection,
    private readonly terms: Terms,
  ) {
    const { clock } = terms
    const rate = terms.bounds.messagesPerConnection
    this.#bucket = Number.isFinite(rate) ? new Bucket({ rate, burst: burstSeconds * rate }, clock) : undefined
    connection.on('packet', ({ data }: { readonly data?: unknown }) => this.#receive(typeof data === 'string' ? data.length : 0))
    connection.on('packetCreate', ({ data }: { readonly data?: unknown }) => this.#send(typeof data === 'string' ? data.length : 0))
    connection.on('flush', () => {
      this.#queued = 0
    })
    connection.on('close', () => {
      this.#stopPause()
      this.#stopWaiting()
      this.#stopSuspicion()
    })
    for (const event of ['ping', 'pong']) this.#line.on(event, () => this.#receive(0))
    this.#awaitJoin()
  }

  /** Whether it may ask for a namespace once more. */
  knock(): boolean {
    this.#handshakes += 1
    return this.#handshakes <= mostHandshakes
  }

  /** A socket of it joins a namespace; one that is there already makes the peer one that is cut. Answers whether it may. */
  join(socket: Socket): boolean {
    const { name } = socket.nsp
    if (this.#joined.has(name)) {
      this.cut('a namespace joined twice')
      return false
    }
    this.#joined.add(name)
    this.#stopWaiting()
    socket.on('error', () => this.cut('a packet that cannot be read'))
    socket.on('disconnect', () => {
      this.#joined.delete(name)
      if (this.#joined.size === 0) this.#awaitJoin()
    })
    return true
  }

  /** A message is being worked on. */
  asked(): void {
    this.#unanswered += 1
    if (this.#unanswered >= mostUnanswered) this.#isBusy = true
  }

  answered(): void {
    this.#unanswered -= 1
    if (this.#unanswered > 0) return
    this.#received = 0
    this.#isBusy = false
    this.#flow()
  }

  /** What may wait for the peer without harm, in characters. */
  get ease(): number {
    return this.terms.bounds.bufferLimit / 4
  }

  /** Resolves when the peer has read the most of what it was sent, or is gone: for who has much to send, and can wait. */
  async drained(): Promise<void> {
    const { connection } = this
    while (connection.readyState === 'open' && this.#pile > this.ease) {
      await new Promise<void>((resolve) => {
        const go = () => {
          connection.transport.off('drain', go)
          connection.off('close', go)
          resolve()
        }
        connection.transport.on('drain', go)
        connection.on('close', go)
      })
    }
  }

  /** The peer has sent what no SDK sends. */
  violated(): void {
    this.#spend(violationCost)
  }

  /** Ends the connection at once. What waits for the peer is forgotten: it may never read it. */
  cut(reason: string): void {
    // What it had sent by then is still read to its end, and must not cut it, and be told of, again and again.
    if (this.connection.readyState === 'closed') return
    this.terms.telemetry.tell({ type: 'peer.cut', peer: this.connection.id, reason })
    this.#line.terminate()
    this.connection.close(true)
  }

  get #line(): WebSocket {
    return this.connection.transport.socket
  }

  #receive(characters: number): void {
    this.#received += characters
    if (this.#received > this.terms.bounds.bufferLimit && this.#unanswered > 0) this.#isBusy = true
    this.#spend(1)
  }

  #spend(cost: number): void {
    const ahead = this.#bucket?.spend(cost) ?? 0
    if (ahead > longestDebtMs) return this.cut('too many messages')
    if (ahead > 0 && !this.#isAhead) {
      this.#isAhead = true
      this.#stopPause = after(ahead, () => {
        this.#isAhead = false
        this.#spend(0)
      })
    }
    this.#flow()
  }

  #flow(): void {
    const stop = this.#isAhead || this.#isBusy || this.#isPiled
    if (stop === this.#line.isPaused) return
    if (stop) this.#line.pause()
    else this.#line.resume()
  }

  /** What waits for the peer. */
  get #pile(): number {
    return this.#queued + this.#line.bufferedAmount
  }

  /** How much the peer has taken off the line, as far as this machine can tell. */
  get #taken(): number {
    const { _socket: socket } = this.#line as unknown as { readonly _socket?: { readonly bytesWritten: number; readonly writableLength: number } }
    return socket ? socket.bytesWritten - socket.writableLength : 0
  }

  #send(characters: number): void {
    this.#queued += characters
    if (this.#pile > this.terms.bounds.bufferLimit) this.#suspect()
  }

  /** Much may come in one turn for a peer that reads well. One that takes next to nothing of it in a while does not read. */
  #suspect(): void {
    const { bufferLimit } = this.terms.bounds
    this.#isPiled = this.#pile > pausingPile * bufferLimit
    this.#flow()
    if (this.#isSuspect) return
    this.#isSuspect = true
    const before = this.#taken
    this.#stopSuspicion = after(suspicionMs, () => {
      this.#isSuspect = false
      if (this.#pile > bufferLimit && this.#taken - before < bufferLimit / 1_024) return this.cut('it does not read what it is sent')
      if (this.#pile > bufferLimit) return this.#suspect()
      this.#isPiled = false
      this.#flow()
    })
  }

  #awaitJoin(): void {
    this.#stopWaiting = after(this.terms.bounds.handshakeTimeout, () => this.cut('no namespace joined in time'))
  }
}
