import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import { answer } from './answer.js'
import type { RelayedJob, RelayedResult } from './relayMessages.js'
import { Turns } from './turns.js'

// A relay as one writes it on bare WebSockets: one JSON message for each job and hop, nothing acknowledged, nothing stored.

answer({
  listen: ({ frameBytes }: { frameBytes: number }) => {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false, maxPayload: frameBytes })
    relay(server)
    return new Promise<string>((resolve, reject) => {
      server.once('error', reject)
      server.once('listening', () => resolve(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`))
    })
  },
})

function relay(server: WebSocketServer): void {
  const clients = new Map<number, WebSocket>()
  const workers = new Turns<WebSocket>()
  let lastId = 0
  server.on('connection', (socket, { url }) => {
    if (url === '/worker') {
      workers.add(socket)
      socket.on('message', (data) => {
        const { client, id, value } = JSON.parse(String(data)) as RelayedResult & { client: number }
        clients.get(client)?.send(JSON.stringify({ id, value } satisfies RelayedResult))
      })
      socket.send('registered')
      return
    }
    const client = ++lastId
    clients.set(client, socket)
    socket.on('close', () => clients.delete(client))
    socket.on('message', (data) => {
      const job = JSON.parse(String(data)) as RelayedJob
      workers.take()?.send(JSON.stringify({ client, ...job }))
    })
  })
}
