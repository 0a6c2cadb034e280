/** Opens the browser's own WebSocket. In Node `webSocket.ts` takes this file's place. */
export function openWebSocket(url: string): WebSocket {
  return new WebSocket(url)
}
