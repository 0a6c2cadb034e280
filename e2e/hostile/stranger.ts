import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { type Answer, namespaces, protocol, type Refusal } from '@anchorleg/shared'
import { encodeFrame, type Frame, FrameReader } from './frame.js'

/** How long the hub may be silent before that is its answer, in ms. */
const patienceMs = 10_000

/** What a peer asks for when it opens a WebSocket. */
export interface Upgrade {
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
}

export const socketPath = '/socket.io/?EIO=4&transport=websocket'

/** The lines of a request, as they go over the wire. A header named twice is two lines: `{ Host: 'a\r\nHost: b' }`. */
export function requestText(line: string, headers: Readonly<Record<string, string>>): string {
  return `${[line, ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`)].join('\r\n')}\r\n\r\n`
}

/** The headers of a WebSocket that is asked for as it should be. */
export function upgradeHeaders(port: number): Record<string, string> {
  const key = randomBytes(16).toString('base64')
  return { Host: `127.0.0.1:${port}`, Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13', 'Sec-WebSocket-Key': key }
}

/**
 * A peer that writes what it likes, byte by byte: HTTP, WebSocket, Engine.IO and Socket.IO are what it makes of a TCP
 * connection. It notes all it is told, and whether it was cut.
 */
export class Stranger {
  /** Every text it was sent since the connection became a WebSocket. */
  readonly texts: string[] = []
  cut = false
  #head = Buffer.alloc(0)
  #reader: FrameReader | undefined
  #asked = 0
  readonly #changed = new Set<() => void>()

  private constructor(
    readonly port: number,
    readonly socket: Socket,
  ) {
    socket.on('data', (bytes) => this.#read(bytes))
    socket.on('error', () => {})
    socket.on('close', () => {
      this.cut = true
      this.#tell()
    })
  }

  static async call({ port }: { readonly port: number }): Promise<Stranger> {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    return new Stranger(port, socket)
  }

  /** One with a WebSocket on which Engine.IO has said `open`. */
  static async upgraded(hub: { readonly port: number }, upgrade: Upgrade = {}): Promise<Stranger> {
    const peer = await Stranger.call(hub)
    const answer = await peer.upgrade(upgrade)
    if (answer !== 'HTTP 101') throw new Error(`The upgrade was answered ${answer}.`)
    await peer.hears((text) => text.startsWith('0{'))
    return peer
  }

  /** One that the hub has welcomed to a namespace. */
  static async welcomed(hub: { readonly port: number }, namespace: string = namespaces.client, auth: object = {}): Promise<Stranger> {
    const peer = await Stranger.upgraded(hub)
    const answer = await peer.enter(namespace, { ...goodAuth, ...auth })
    if (answer !== 'welcome') throw new Error(`The handshake was answered ${answer}.`)
    return peer
  }

  write(bytes: string | Uint8Array): void {
    if (this.socket.writable) this.socket.write(bytes)
  }

  /** Asks for a WebSocket; gives the status that answers it, or `cut`. */
  upgrade({ path = socketPath, headers = {} }: Upgrade = {}): Promise<string> {
    this.write(requestText(`GET ${path} HTTP/1.1`, { ...upgradeHeaders(this.port), ...headers }))
    return this.status()
  }

  /** The status of the answer to a request, as `HTTP 400`; `cut` when there is none, `silence` when none comes. */
  async status(): Promise<string> {
    await this.#until(() => this.#reader !== undefined || this.head !== '' || this.cut)
    const status = /^HTTP\/1\.1 (\d{3})/.exec(this.head)?.[1]
    return status ? `HTTP ${status}` : this.cut ? 'cut' : 'silence'
  }

  /** What it was sent before any frame. */
  get head(): string {
    return this.#head.toString('latin1')
  }

  frame(frame: Frame): void {
    this.write(encodeFrame(frame))
  }

  text(text: string): void {
    this.frame({ opcode: 1, payload: Buffer.from(text) })
  }

  /** Asks to be let in; gives `welcome`, the code of the refusal, or its message where there is no code. */
  async enter(namespace: string = namespaces.client, auth: unknown = goodAuth): Promise<string> {
    const place = namespace === '/' ? '' : `${namespace},`
    this.text(`40${place}${JSON.stringify(auth)}`)
    const answer = await this.hears((text) => text.startsWith(`42${place}["welcome"`) || text.startsWith(`44${place}{`))
    if (!answer.startsWith('44')) return answer.startsWith('42') ? 'welcome' : answer
    const { message, data }: { message: string; data?: Refusal } = JSON.parse(answer.slice(answer.indexOf('{')))
    return data?.code ?? message
  }

  /** Sends an event as a peer should, and gives its answer; `cut` or `silence` where there is none. */
  ask<Reply = unknown>(event: string, message: unknown, namespace: string = namespaces.client): Promise<Answer<Reply> | 'cut' | 'silence'> {
    return this.askText(JSON.stringify([event, message]), namespace)
  }

  /** Sends an event of which only the place of its acknowledgement is right. */
  async askText<Reply>(packet: string, namespace: string = namespaces.client): Promise<Answer<Reply> | 'cut' | 'silence'> {
    const head = `${namespace},${this.#asked++}`
    this.text(`42${head}${packet}`)
    const text = await this.hears((said) => said.startsWith(`43${head}[`))
    return text.startsWith('43') ? JSON.parse(text.slice(text.indexOf('[')))[0] : (text as 'cut' | 'silence')
  }

  /** The first text that matches, of those it was told before too; `cut` when there will be none, `silence` when none comes. */
  async hears(match: (text: string) => boolean, ms = patienceMs): Promise<string> {
    await this.#until(() => this.cut || this.texts.some(match), ms)
    return this.texts.find(match) ?? (this.cut ? 'cut' : 'silence')
  }

  /** Whether the hub still answers it: `served`, or else `cut` or `silence`. */
  async stands(namespace: string = namespaces.client): Promise<string> {
    const answer =
      namespace === namespaces.client ? await this.ask('look', { refs: [{ ref: someRef, want: 'any' }] }) : await this.ask('nothing', {}, namespace)
    return typeof answer === 'string' ? answer : 'served'
  }

  /** `cut`, once it is; `silence` when it is not within this time. */
  async isCut(ms = patienceMs): Promise<string> {
    await this.#until(() => this.cut, ms)
    return this.cut ? 'cut' : 'silence'
  }

  hangUp(): void {
    this.socket.destroy()
  }

  #read(bytes: Buffer): void {
    if (this.#reader) return this.#hear(bytes)
    this.#head = Buffer.concat([this.#head, bytes])
    const end = this.#head.indexOf('\r\n\r\n')
    if (end < 0) return
    if (this.#head.subarray(0, 12).toString() === 'HTTP/1.1 101') {
      const rest = this.#head.subarray(end + 4)
      this.#head = this.#head.subarray(0, end)
      this.#reader = new FrameReader()
      this.#hear(rest)
    }
    this.#tell()
  }

  #hear(bytes: Buffer): void {
    for (const { opcode, payload } of (this.#reader as FrameReader).read(bytes)) {
      if (opcode === 8) this.#hangUp(payload)
      if (opcode !== 1) continue
      const text = payload.toString()
      if (text === '2') this.text('3')
      else this.texts.push(text)
    }
    this.#tell()
  }

  /** The hub has said goodbye, and waits for it to be said back. */
  #hangUp(payload: Buffer): void {
    this.cut = true
    this.socket.end(encodeFrame({ opcode: 8, payload }))
  }

  #tell(): void {
    for (const check of this.#changed) check()
  }

  #until(done: () => boolean, ms = patienceMs): Promise<void> {
    if (done()) return Promise.resolve()
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer)
        this.#changed.delete(check)
        resolve()
      }
      const check = () => done() && end()
      const timer = setTimeout(end, ms)
      this.#changed.add(check)
    })
  }
}

/** What the SDK says of itself. */
export const goodAuth = { protocol, sdk: 'stranger' }

/** A ref that no job has. */
export const someRef = '00000000-0000-7000-8000-000000000000'
