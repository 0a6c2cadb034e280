import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Program } from '../../harness/program.js'
import { Actor, nodeArgs } from '../actor.js'
import type { RunningSystem, Setup, System } from './system.js'

/** Anchorleg as people run it: the hub's command on a SQLite file, a worker and a client made with the SDK. Every job is stored durably. */
export const anchorleg: System = {
  name: 'Anchorleg, stored (SQLite FULL)',

  async start(setup: Setup): Promise<RunningSystem> {
    const { hub, url } = await startHub(setup)
    const worker = Actor.start('anchorleg worker', 'worker.js', setup)
    const others: Actor[] = []
    return {
      actors: [hub, worker],
      setSlots: (slots) => worker.ask('open', { url, queues: { default: slots } }),
      async addClient(name) {
        const client = Actor.start(`anchorleg ${name}`, 'client.js', setup)
        others.push(client)
        await client.ask('open', { url })
        return client
      },
      async addUploadWorker() {
        const uploads = Actor.start('anchorleg upload worker', 'worker.js', setup)
        others.push(uploads)
        await uploads.ask('open', { url, queues: { uploads: 2 } })
      },
      async stop() {
        await Promise.all([...others, worker].map((actor) => actor.end()))
        await hub.program.stop('SIGTERM')
      },
    }
  },
}

async function startHub(setup: Setup): Promise<{ hub: Actor; url: string }> {
  const meter = new URL('../programs/hubMeter.js', import.meta.url).href
  const command = fileURLToPath(new URL('./main.js', import.meta.resolve('@anchorleg/server')))
  const limits = setup.valueBytes === undefined ? [] : ['--args-limit', String(setup.valueBytes), '--result-limit', String(setup.valueBytes)]
  const options = ['--port', '0', '--log-level', 'info', '--store', `sqlite:${join(setup.folder, 'anchorleg.db')}`, ...limits]
  const args = [...nodeArgs('anchorleg hub', setup), '--import', meter, command, 'hub', ...options]
  const hub = new Actor(new Program('anchorleg hub', args))
  const { url } = await hub.program.line(({ msg }) => msg === 'hub listening')
  return { hub, url: String(url) }
}
