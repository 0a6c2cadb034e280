import type { Limits } from '@anchorleg/shared'
import type { Socket } from 'socket.io'

/** What may wait for a peer that does not read, in frames of the largest size. */
const frames = 8

const leastBytes = 16 * 1024 * 1024

/**
 * The way out to one peer. A peer that stays connected but does not read lets what is sent to it pile up here: past a bound
 * it is cut, before it takes the hub's memory.
 */
export class Line {
  readonly #bound: number

  constructor(
    private readonly socket: Socket,
    limits: Limits,
  ) {
    this.#bound = Math.max(leastBytes, frames * limits.frameBytes)
  }

  /** Sends, unless too much waits already: then the peer is cut. */
  send(emit: () => void): void {
    if (pendingBytes(this.socket) > this.#bound) this.socket.disconnect(true)
    else emit()
  }
}

/** Bytes that the engine and its WebSocket hold for a peer. */
function pendingBytes({ conn }: Socket): number {
  const { transport, writeBuffer } = conn as unknown as {
    readonly transport?: { readonly socket?: { readonly bufferedAmount?: number } }
    readonly writeBuffer?: readonly { readonly data?: unknown }[]
  }
  const queued = (writeBuffer ?? []).reduce((sum, { data }) => sum + (typeof data === 'string' ? data.length : 0), 0)
  return queued + (transport?.socket?.bufferedAmount ?? 0)
}
