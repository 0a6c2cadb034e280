import { after } from '@anchorleg/shared'
import { openWebSocket } from '#client/webSocket.js'

/** What a socket tells; nothing more after `closed`. */
export interface SocketListener {
  /** The line is open: it is time to {@link Socket.join} the namespace. */
  opened(): void
  /** The hub does not let us into the namespace. */
  refused(message: string, data: unknown): void
  /** The hub says something unasked; where it wants to know that it was heard, `acknowledge` tells it. */
  heard(event: string, message: unknown, acknowledge: () => void): void
  closed(reason: string): void
}

/** What an answer is when there was none: it did not come in time, or the line closed first. */
export type NoAnswer = { readonly lost: 'late' | 'disconnected' }

/**
 * Speaks Socket.IO's protocol (revision 5, over Engine.IO revision 4) to one namespace, over one WebSocket, with events and
 * answers of plain JSON: the part of it that a hub uses. The full client weighs as much as all the rest of this package, for
 * transports, buffers and reconnects that are unwanted here. What is not open sends nothing.
 * https://socket.io/docs/v4/socket-io-protocol and https://socket.io/docs/v4/engine-io-protocol
 */
export class Socket {
  readonly #line: WebSocket
  readonly #answers = new Map<number, (answer: unknown, lost?: NoAnswer['lost']) => void>()
  #nextId = 0
  #closed = false
  #stopWatch = () => {}

  /** Opens a line to this address, which ends in the path of the hub's Socket.IO. */
  constructor(
    address: string,
    private readonly namespace: string,
    private readonly listener: SocketListener,
  ) {
    this.#line = openWebSocket(`${address.replace(/^http/, 'ws')}?EIO=4&transport=websocket`)
    this.#line.onmessage = ({ data }) => this.#read(data)
    this.#line.onerror = (event) => this.#end((event as { message?: string }).message ?? 'the line failed')
    this.#line.onclose = () => this.#end('the line was closed')
  }

  /** Asks to be let into the namespace. */
  join(auth: object): void {
    this.#send(`40${this.namespace},${JSON.stringify(auth)}`)
  }

  /** Sends one event and gives its answer, or that there is none within so many ms. */
  ask(event: string, message: unknown, ms: number): Promise<unknown> {
    if (this.#closed) return Promise.resolve({ lost: 'disconnected' } satisfies NoAnswer)
    const id = this.#nextId++
    return new Promise((resolve) => {
      const settle = (answer: unknown, lost?: NoAnswer['lost']) => {
        stop()
        this.#answers.delete(id)
        resolve(lost ? ({ lost } satisfies NoAnswer) : answer)
      }
      const stop = after(ms, () => settle(undefined, 'late'))
      this.#answers.set(id, settle)
      this.#send(`42${this.namespace},${id}${JSON.stringify([event, message])}`)
    })
  }

  /** Closes the line; nothing is told of that. */
  close(): void {
    if (this.#closed) return
    this.#send(`41${this.namespace},`)
    this.#finish()
  }

  /** One packet: a digit for the line's own business, and behind a 4 one of Socket.IO. */
  #read(data: unknown): void {
    if (this.#closed) return
    try {
      if (typeof data !== 'string') throw new TypeError('a binary packet')
      if (data === '2') {
        this.#send('3')
        this.#watch()
      } else if (data.startsWith('0')) {
        const { pingInterval, pingTimeout } = JSON.parse(data.slice(1))
        this.#patience = pingInterval + pingTimeout
        this.#watch()
        this.listener.opened()
      } else if (data.startsWith('4')) this.#receive(data)
      else if (data === '1') this.#end('the hub closed the line')
    } catch (error) {
      this.#end(`the hub sent what cannot be read: ${String(error)}`)
    }
  }

  /** Of other namespaces nothing is expected. */
  #receive(data: string): void {
    const [head, type, namespace, id] = /^4(\d)([^,]*),(\d*)/.exec(data) ?? []
    if (head === undefined || namespace !== this.namespace) return
    const json = data.slice(head.length)
    const content = json ? JSON.parse(json) : undefined
    if (type === '2') this.listener.heard(content[0], content[1], () => this.#acknowledge(id))
    else if (type === '3') this.#answers.get(Number(id))?.(content[0])
    else if (type === '4') {
      this.#finish()
      this.listener.refused(String(content?.message), content?.data)
    } else if (type === '1') this.#end('the hub closed the connection')
  }

  #acknowledge(id = ''): void {
    if (id !== '') this.#send(`43${this.namespace},${id}[]`)
  }

  #patience = Number.POSITIVE_INFINITY

  /** The hub pings; when it has been silent for too long, it or the line is gone. */
  #watch(): void {
    this.#stopWatch()
    this.#stopWatch = after(this.#patience, () => this.#end('the hub went silent'))
  }

  #send(packet: string): void {
    if (this.#line.readyState === 1) this.#line.send(packet)
  }

  #end(reason: string): void {
    if (this.#closed) return
    this.#finish()
    this.listener.closed(reason)
  }

  #finish(): void {
    this.#closed = true
    this.#stopWatch()
    this.#line.close()
    for (const settle of [...this.#answers.values()]) settle(undefined, 'disconnected')
  }
}
