import { Actor } from '../actor.js'
import type { Setup, System, UploadingSystem } from './system.js'

/** A plain socket.io relay of the same shape: it forwards one message per job and one per result, and stores nothing. */
export const relay: System<UploadingSystem> = {
  name: 'socket.io relay, unstored',

  async start(setup: Setup): Promise<UploadingSystem> {
    const hub = Actor.start('relay hub', 'relayHub.js', setup)
    const worker = Actor.start('relay worker', 'relayWorker.js', setup)
    const others: Actor[] = []
    const url = await hub.ask<string>('listen', { frameBytes: Math.max(1e6, 2 * (setup.valueBytes ?? 0)) })
    await worker.ask('open', { url, names: ['noop'] })
    return {
      parts: [
        { role: 'hub', cpu: () => hub.cpu() },
        { role: 'worker', cpu: () => worker.cpu() },
      ],
      async addClient(name) {
        const client = Actor.start(`relay ${name}`, 'relayClient.js', setup)
        others.push(client)
        await client.ask('open', { url })
        return client
      },
      async addUploadWorker() {
        const uploads = Actor.start('relay upload worker', 'relayWorker.js', setup)
        others.push(uploads)
        await uploads.ask('open', { url, names: ['upload'] })
      },
      async stop() {
        await Promise.all([...others, worker].map((actor) => actor.end()))
        await hub.end()
      },
    }
  },
}
