import { protocol } from '@anchorleg/shared'
import { onTestFinished } from 'vitest'
import { WebSocket } from 'ws'
import { createHub, type Hub, type HubOptions } from '#server/index.js'

/** A hub of one test. */
export async function hubFor(options: HubOptions = {}): Promise<Hub> {
  const hub = await createHub({ store: 'memory:', port: 0, logLevel: 'silent', ...options }).listen()
  onTestFinished(() => hub.close())
  return hub
}

/** The content of a handshake. */
export const auth = JSON.stringify({ protocol, sdk: 'wire' })

/** A peer that says whatever it likes, packet by packet. */
export class WirePeer {
  readonly #heard: string[] = []
  readonly #listeners = new Set<() => void>()
  /** Resolves when the connection is over, however it ended. */
  readonly closed: Promise<void>

  constructor(readonly line: WebSocket) {
    onTestFinished(() => line.terminate())
    line.on('error', () => {})
    line.on('message', (data) => {
      const text = String(data)
      if (text === '2') line.send('3')
      this.#heard.push(text)
      for (const listener of this.#listeners) listener()
    })
    this.closed = new Promise((resolve) => line.once('close', () => resolve()))
  }

  /** Opens a line and joins nothing. */
  static open({ url }: Pick<Hub, 'url'>, headers: Readonly<Record<string, string>> = {}): WirePeer {
    return new WirePeer(new WebSocket(`${url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`, { headers }))
  }

  /** Opens a line and joins a namespace. */
  static async join(hub: Pick<Hub, 'url'>, namespace = '/client', headers: Readonly<Record<string, string>> = {}): Promise<WirePeer> {
    const peer = WirePeer.open(hub, headers)
    await peer.hears('0{')
    peer.say(`40${namespace},${auth}`)
    await peer.hears(`42${namespace},["welcome"`)
    return peer
  }

  say(packet: string | Buffer): void {
    this.line.send(packet)
  }

  /** The next packet that begins so, or the first that came already. Rejects when the connection ends without it. */
  hears(start: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const at = this.#heard.findIndex((packet) => packet.startsWith(start))
        if (at < 0) return
        this.#listeners.delete(look)
        resolve(this.#heard.splice(at, 1)[0] as string)
      }
      this.#listeners.add(look)
      void this.closed.then(() => reject(new Error(`The connection ended before "${start}" came.`)))
      look()
    })
  }

  #asked = 0

  /** Asks something, and gives the answer. */
  async ask(
    event: string,
    message: unknown,
    namespace = '/client',
  ): Promise<{ ok?: never[]; refused?: { code: string; message: string; retryAfter?: number } }> {
    const id = ++this.#asked
    const start = `43${namespace},${id}[`
    this.say(`42${namespace},${id}${JSON.stringify([event, message])}`)
    const heard = await this.hears(start)
    return JSON.parse(heard.slice(start.length - 1))[0]
  }
}
