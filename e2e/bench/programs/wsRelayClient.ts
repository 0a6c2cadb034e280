import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { parse, stringify } from 'devalue'
import { WebSocket } from 'ws'
import { answer } from './answer.js'
import type { Load } from './closedLoop.js'
import type { RelayedJob, RelayedResult } from './relayMessages.js'
import { type Small, smallJobs } from './smallJobs.js'

const pending = new Map<string, (value: unknown) => void>()
let sockets: readonly WebSocket[]

answer({
  async open({ url, connections = 1 }: { url: string; connections?: number }) {
    sockets = Array.from({ length: connections }, () => connect(url))
    await Promise.all(sockets.map((socket) => once(socket, 'open')))
  },

  load: (load: Load) => smallJobs(load, { one: run }),
})

function connect(url: string): WebSocket {
  const socket = new WebSocket(`${url}/client`, { perMessageDeflate: false })
  socket.on('message', (data) => {
    const { id, value } = JSON.parse(String(data)) as RelayedResult
    pending.get(id)?.(parse(value))
    pending.delete(id)
  })
  return socket
}

function run(small: Small, lane: number): Promise<unknown> {
  const job: RelayedJob = { id: randomUUID(), name: 'noop', args: stringify(small) }
  return new Promise((resolve) => {
    pending.set(job.id, resolve)
    sockets[lane % sockets.length]?.send(JSON.stringify(job))
  })
}
