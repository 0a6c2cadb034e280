import { randomFillSync, randomUUID } from 'node:crypto'
import { parse, stringify } from 'devalue'
import { io, type Socket } from 'socket.io-client'
import { answer } from './answer.js'
import { closedLoop, expectSame, type Load, patienceMs } from './closedLoop.js'
import type { RelayedJob, RelayedResult } from './relayMessages.js'
import { smallJobs } from './smallJobs.js'

const pending = new Map<string, (value: unknown) => void>()
let sockets: readonly Socket[]
let acked: boolean

answer({
  /** Connects. `acked`: each job is asked for with `emitWithAck`, and its answer is the result. */
  async open(given: { url: string; acked: boolean; connections?: number }) {
    acked = given.acked
    sockets = Array.from({ length: given.connections ?? 1 }, () => connect(given.url))
    await Promise.all(sockets.map(connected))
  },

  load(load: Load) {
    const { uploadBytes } = load
    if (uploadBytes === undefined) return smallJobs(load, { one: (small, lane) => run('noop', small, lane) })
    const bytes = randomFillSync(new Uint8Array(uploadBytes))
    return closedLoop(load, async () => expectSame(await run('upload', { bytes }, 0), uploadBytes))
  },
})

function connect(url: string): Socket {
  const socket = io(`${url}/client`, { transports: ['websocket'], forceNew: true })
  socket.on('result', ({ id, value }: RelayedResult) => {
    pending.get(id)?.(parse(value))
    pending.delete(id)
  })
  return socket
}

function connected(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => void socket.once('connect', resolve).once('connect_error', reject))
}

async function run(name: string, args: unknown, lane: number): Promise<unknown> {
  const socket = sockets[lane % sockets.length] as Socket
  const job: RelayedJob = { id: randomUUID(), name, args: stringify(args) }
  if (acked) return parse(await socket.timeout(patienceMs).emitWithAck('ask', job))
  return new Promise((resolve) => {
    pending.set(job.id, resolve)
    socket.emit('submit', job)
  })
}
