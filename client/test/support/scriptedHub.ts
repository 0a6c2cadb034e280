import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { codecTag, defaultLimits, frameBytesFor, type Handshake, type JobRequestInput, type Limits, type Outcome, seal } from '@anchorleg/shared'
import { Server, type Socket } from 'socket.io'

/** One message that reached the hub; the test answers it, late, wrongly or never. */
export interface Heard {
  readonly event: string
  readonly message: any
  readonly socket: Socket
  readonly answer: (reply: unknown) => void
}

type Script = (heard: Heard) => unknown

export const limits: Limits = { ...defaultLimits, frameBytes: frameBytesFor(defaultLimits) }

/**
 * A real Socket.IO server that does with each message what the test says: a script returns the answer (wrapped in `ok`),
 * or undefined to leave it open.
 */
export class ScriptedHub {
  readonly heard: Heard[] = []
  readonly sockets: Socket[] = []
  readonly handshakes: Handshake[] = []
  scripts: Record<string, Script> = {}
  /** What the handshake is refused with; undefined lets everyone in. */
  refusal: { code: string; message: string } | undefined
  welcome: unknown = { protocol: 1, limits }
  #waiting: { test: () => unknown; resolve: (value: any) => void }[] = []

  static async open(scripts: Record<string, Script> = {}, port = 0): Promise<ScriptedHub> {
    const http = createServer()
    const hub = new ScriptedHub(new Server(http, { transports: ['websocket'], perMessageDeflate: false, maxHttpBufferSize: limits.frameBytes }))
    hub.scripts = scripts
    await new Promise<void>((resolve) => http.listen(port, '127.0.0.1', resolve))
    hub.port = (http.address() as AddressInfo).port
    return hub
  }

  port = 0

  private constructor(private readonly io: Server) {
    for (const namespace of ['/client', '/worker']) {
      io.of(namespace)
        .use((socket, next) => {
          this.handshakes.push(socket.handshake.auth as Handshake)
          next(this.refusal && Object.assign(new Error(this.refusal.message), { data: this.refusal }))
          this.#check()
        })
        .on('connection', (socket) => {
          this.sockets.push(socket)
          socket.onAny((event: string, message: unknown, answer: (reply: unknown) => void) => this.#hear({ event, message, socket, answer }))
          socket.on('disconnect', () => this.#check())
          if (this.welcome) socket.emit('welcome', this.welcome)
          this.#check()
        })
    }
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** The connection made last. */
  get socket(): Socket {
    return this.sockets.at(-1) as Socket
  }

  /** Messages of one event, in order of their arrival. */
  all(event: string): Heard[] {
    return this.heard.filter((each) => each.event === event)
  }

  /** The nth message of an event, counted from 1, as soon as it is there. */
  nth(event: string, n = 1): Promise<Heard> {
    return this.when(() => this.all(event)[n - 1])
  }

  /** What the test gives, once it gives something; it is tried again with everything that happens here. */
  when<T>(test: () => T | undefined | false): Promise<T> {
    return new Promise((resolve) => {
      this.#waiting.push({ test, resolve })
      this.#check()
    })
  }

  /** The nth connection, counted from 1, once it is there. */
  connection(n: number): Promise<Socket> {
    return this.when(() => this.sockets[n - 1])
  }

  push(...outcomes: { ref: string; outcome: unknown }[]): void {
    this.socket.emit('outcomes', outcomes)
  }

  /** Cuts the line without a word. */
  cut(): void {
    this.socket.conn.close()
  }

  close(): Promise<void> {
    return this.io.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #hear(heard: Heard): void {
    this.heard.push(heard)
    const reply = this.scripts[heard.event]?.(heard)
    if (reply !== undefined) heard.answer(typeof reply === 'object' && reply !== null && 'refused' in reply ? reply : { ok: reply })
    this.#check()
  }

  #check(): void {
    this.#waiting = this.#waiting.filter(({ test, resolve }) => {
      const value = test()
      if (value) resolve(value)
      return !value
    })
  }
}

/** Stores every job, and says so. */
export const storeAll: Script = ({ message }) =>
  (message.jobs as JobRequestInput[]).map(({ ref, name, queue = 'default' }) => ({ ref, conflict: false, name, queue }))

/** Every ref is pending. */
export const allPending: Script = ({ message }) =>
  (message.refs as { ref: string }[]).map(({ ref }) => ({ ref, type: 'pending', state: 'available', waiting: 'no_worker' }))

/** A stored outcome with a value. */
export function okOutcome(value: unknown, more: Partial<Outcome> = {}): Outcome {
  return { type: 'ok', number: 1, attempt: 1, final: true, at: 0, codec: codecTag, value: seal(value), ...more } as Outcome
}

/** A stored outcome of a failed attempt that is retried. */
export function failedOutcome(reason: unknown, more: object = {}): Outcome {
  const error = { type: 'error', code: 'failed', message: 'failed', codec: codecTag, value: seal(reason), state: 'retryable' } as const
  return { ...error, number: 1, attempt: 1, final: false, at: 0, ...more } as Outcome
}
