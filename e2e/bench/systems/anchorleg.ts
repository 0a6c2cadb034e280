import { fileURLToPath } from 'node:url'
import { Program } from '../../harness/program.js'
import { Actor, nodeArgs } from '../actor.js'
import type { Part, Setup, System, UploadingSystem } from './system.js'
import { startWorkers } from './workers.js'

/** Where hubs store jobs. */
export interface Place {
  /** As the command's `--store` takes it. */
  readonly store: string
  /** What runs beside the hubs for it. */
  readonly parts: readonly Part[]
  close(): Promise<void>
}

/** Anchorleg as people run it: the hub's command, a worker and a client made with the SDK. Every job and result is stored durably. */
export function anchorleg(name: string, open: (setup: Setup) => Promise<Place>): System<UploadingSystem> {
  return {
    name,

    async start(setup: Setup): Promise<UploadingSystem> {
      const place = await open(setup)
      const { hub, url } = await startHub('anchorleg hub', place.store, setup)
      const workers = startWorkers('anchorleg worker', 'worker.js', setup)
      const others: Actor[] = []
      return {
        parts: [...place.parts, { role: 'hub', cpu: () => hub.cpu() }, ...workers.parts],
        setSlots: (slots) => workers.open({ url, queues: { default: workers.share(slots) } }),
        async addClient(name) {
          const client = Actor.start(`anchorleg ${name}`, 'client.js', setup)
          others.push(client)
          await client.ask('open', { url, connections: setup.connections })
          return client
        },
        async addUploadWorker() {
          const uploads = Actor.start('anchorleg upload worker', 'worker.js', setup)
          others.push(uploads)
          await uploads.ask('open', { url, queues: { uploads: 2 } })
        },
        async stop() {
          await Promise.all([...others, ...workers.actors].map((actor) => actor.end()))
          await hub.program.stop('SIGTERM')
          await place.close()
        },
      }
    },
  }
}

/** How a hub is started, where not as people do. */
export interface HubTerms {
  /** Further options of the command. */
  readonly flags?: readonly string[]
  readonly port?: number
  /** The program that is loaded before the hub's own. */
  readonly preload?: string
}

/** Starts the command of a hub, on a free port when none is given, and answers when it listens. */
export async function startHub(name: string, store: string, setup: Setup, terms: HubTerms = {}): Promise<{ hub: Actor; url: string }> {
  const { flags = [], port = 0, preload = 'hubMeter.js' } = terms
  const meter = new URL(`../programs/${preload}`, import.meta.url).href
  const command = fileURLToPath(new URL('./main.js', import.meta.resolve('@anchorleg/server')))
  const limits = setup.valueBytes === undefined ? [] : ['--args-limit', String(setup.valueBytes), '--result-limit', String(setup.valueBytes)]
  const options = ['--port', String(port), '--log-level', 'info', '--store', store, ...limits, ...flags]
  const hub = new Actor(new Program(name, [...nodeArgs(name, setup), '--import', meter, command, 'hub', ...options]))
  const { url } = await hub.program.line(({ msg }) => msg === 'hub listening', 30_000)
  return { hub, url: String(url) }
}
