import { protocol } from '@anchorleg/shared'
import { io, type Socket } from 'socket.io-client'
import { onTestFinished } from 'vitest'

/** A peer that speaks the protocol by hand, in this namespace, for one test. Resolves when the hub has welcomed it. */
export async function rawPeer({ url }: { readonly url: string }, namespace: string): Promise<Socket> {
  const socket = io(`${url}${namespace}`, { transports: ['websocket'], forceNew: true, reconnection: false, auth: { protocol, sdk: 'test' } })
  onTestFinished(() => void socket.disconnect())
  await new Promise((resolve) => socket.once('welcome', resolve))
  return socket
}
