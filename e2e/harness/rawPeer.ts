import { type Answer, type Assignment, type Handshake, namespaces, protocol, type Refusal } from '@anchorleg/shared'
import { io, type Socket } from 'socket.io-client'

export type Peer = 'client' | 'worker' | 'admin'

export interface RawPeerOptions {
  readonly auth?: Partial<Handshake> | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
}

/** The hub would not let a peer in: its typed refusal, where it gave one. */
export class PeerRefused extends Error {
  constructor(
    message: string,
    readonly refusal: Refusal | undefined,
  ) {
    super(message)
  }
}

/** A peer that speaks the wire protocol by hand, for what the SDK would never say. */
export class RawPeer {
  private constructor(readonly socket: Socket) {}

  /** Resolves when the hub has welcomed it; rejects with {@link PeerRefused}. */
  static open(url: string, peer: Peer, { auth, headers }: RawPeerOptions = {}): Promise<RawPeer> {
    const socket = io(`${url}${namespaces[peer]}`, {
      transports: ['websocket'],
      reconnection: false,
      forceNew: true,
      auth: { protocol, sdk: 'raw', ...auth },
      ...(headers && { extraHeaders: { ...headers } }),
    })
    return new Promise((resolve, reject) => {
      socket.once('welcome', () => resolve(new RawPeer(socket)))
      socket.once('connect_error', (error: Error & { data?: Refusal }) => {
        socket.close()
        reject(new PeerRefused(error.message, error.data))
      })
    })
  }

  /** Sends one message and gives the hub's answer to it. */
  async ask<Reply>(event: string, message: unknown): Promise<Reply> {
    const answer: Answer<Reply> = await this.socket.timeout(10_000).emitWithAck(event, message)
    if ('refused' in answer) throw new PeerRefused(answer.refused.message, answer.refused)
    return answer.ok
  }

  /** Registers as a worker with one slot, and resolves with the first job that comes. */
  async takeJob(name: string, queue: string): Promise<Assignment> {
    const job = new Promise<Assignment>((resolve) => {
      this.socket.once('perform', (assignments: Assignment[], acknowledge: () => void) => {
        acknowledge()
        resolve(assignments[0] as Assignment)
      })
    })
    await this.ask('register', { names: [name], queues: { [queue]: 1 }, held: [] })
    return job
  }

  close(): void {
    this.socket.close()
  }
}
