import { Actor } from '../actor.js'
import type { RunningSystem, Setup, System, UploadingSystem } from './system.js'
import { startWorkers } from './workers.js'

/** The programs of a relay, and what its clients are told beside its address. */
interface Kind {
  readonly programs: string
  readonly client?: object
}

/** A relay of the same shape: it forwards each job to a worker and each result to its client, and stores nothing. */
async function startRelay({ programs, client: told }: Kind, setup: Setup) {
  const hub = Actor.start(`${programs} hub`, `${programs}Hub.js`, setup)
  const url = await hub.ask<string>('listen', { frameBytes: Math.max(1e6, 2 * (setup.valueBytes ?? 0)) })
  const workers = startWorkers(`${programs} worker`, `${programs}Worker.js`, setup)
  await workers.open({ url, names: ['noop'] })
  const others: Actor[] = []
  const start = async (name: string, file: string, input: object) => {
    const actor = Actor.start(`${programs} ${name}`, file, setup)
    others.push(actor)
    await actor.ask('open', { url, ...input })
    return actor
  }
  return {
    start,
    parts: [{ role: 'hub' as const, cpu: () => hub.cpu() }, ...workers.parts],
    addClient: (name: string) => start(name, `${programs}Client.js`, { ...told, connections: setup.connections }),
    async stop() {
      await Promise.all([...others, ...workers.actors].map((actor) => actor.end()))
      await hub.end()
    },
  }
}

/** One message for each job and hop, and nothing acknowledged. */
export const relay: System<UploadingSystem> = {
  name: 'socket.io relay, unstored',
  async start(setup: Setup): Promise<UploadingSystem> {
    const { start, ...running } = await startRelay({ programs: 'relay', client: { acked: false } }, setup)
    return {
      ...running,
      async addUploadWorker() {
        await start('upload worker', 'relayWorker.js', { names: ['upload'] })
      },
    }
  },
}

/** `emitWithAck` with a timeout from client to hub and from hub to worker, as one writes it who needs to know what became of a job. */
export const relayAcked: System = {
  name: 'socket.io relay with acks, unstored',
  start: (setup): Promise<RunningSystem> => startRelay({ programs: 'relay', client: { acked: true } }, setup),
}

/** Bare WebSockets: one JSON message for each job and hop. */
export const wsRelay: System = {
  name: 'ws relay, unstored',
  start: (setup): Promise<RunningSystem> => startRelay({ programs: 'wsRelay' }, setup),
}
