import { WebSocket as NodeWebSocket } from 'ws'

/** Opens a WebSocket in Node, which has none of its own before version 22. In browsers `webSocket.browser.ts` takes this file's place. */
export function openWebSocket(url: string): WebSocket {
  return new NodeWebSocket(url, { perMessageDeflate: false, maxPayload: 0, closeTimeout: 2_000 } as object) as unknown as WebSocket
}
