import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Server, type Socket } from 'socket.io'
import { WebSocketServer } from 'ws'
import { answer } from './answer.js'
import { patienceMs } from './closedLoop.js'
import type { RelayedJob, RelayedResult } from './relayMessages.js'
import { Turns } from './turns.js'

// A relay as one writes it with plain socket.io: it forwards each message, and stores nothing. What was asked for with an
// acknowledgement it asks the worker for in the same way; a timeout that passes ends it, and with it the benchmark.

answer({
  listen: ({ frameBytes }: { frameBytes: number }) => {
    const http = createServer()
    const io = new Server(http, {
      serveClient: false,
      transports: ['websocket'],
      wsEngine: WebSocketServer,
      perMessageDeflate: false,
      maxHttpBufferSize: frameBytes,
    })
    relay(io)
    return new Promise<string>((resolve, reject) => {
      http.once('error', reject)
      http.listen({ host: '127.0.0.1', port: 0 }, () => resolve(`http://127.0.0.1:${(http.address() as AddressInfo).port}`))
    })
  },
})

function relay(io: Server): void {
  const clients = io.of('/client')
  const workers = new Map<string, Turns<Socket>>()
  io.of('/worker').on('connection', (worker) => {
    worker.on('register', (names: string[], registered: () => void) => {
      for (const name of names) {
        const turns = workers.get(name) ?? new Turns()
        turns.add(worker)
        workers.set(name, turns)
      }
      registered()
    })
    worker.on('result', ({ client, id, value }: RelayedResult & { client: string }) => {
      clients.sockets.get(client)?.emit('result', { id, value } satisfies RelayedResult)
    })
  })
  clients.on('connection', (client) => {
    client.on('submit', ({ id, name, args }: RelayedJob) => {
      workers.get(name)?.take()?.emit('perform', { client: client.id, id, name, args })
    })
    client.on('ask', async (job: RelayedJob, reply: (value: string) => void) => {
      reply(await workers.get(job.name)?.take()?.timeout(patienceMs).emitWithAck('performAndAnswer', job))
    })
  })
}
