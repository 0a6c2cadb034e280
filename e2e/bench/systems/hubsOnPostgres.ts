import { Actor } from '../actor.js'
import type { MeasuredPostgres } from '../postgres.js'
import { startHub } from './anchorleg.js'
import type { Part, RunningSystem, Setup } from './system.js'

/** How many hubs share the database, and where clients are: all at one hub, at each in turn, or awaiting at another hub than they submit to. */
export interface Layout {
  readonly hubs: number
  readonly clients: 'at one hub' | 'at every hub' | 'awaiting at another'
}

export interface HubsSetup {
  readonly layout: Layout
  /** So many workers, at each hub in turn, and so many clients. */
  readonly peers: number
  /** Of all workers together. */
  readonly slots: number
  readonly postgres: MeasuredPostgres
  /** Of their own in the database. */
  readonly schema: string
  readonly setup: Setup
}

/** Hubs with one store, their workers and clients. */
export interface RunningHubs {
  readonly running: Pick<RunningSystem, 'parts' | 'stop'>
  readonly clients: readonly Actor[]
}

/** Starts hubs in processes of their own, all at once, and workers and clients at them. */
export async function startHubs({ layout, peers, slots, postgres, schema, setup }: HubsSetup): Promise<RunningHubs> {
  const store = new URL(postgres.url)
  store.searchParams.set('schema', schema)
  const hubs = await Promise.all(Array.from({ length: layout.hubs }, (_, i) => startHub(`anchorleg hub ${i + 1}`, store.href, setup)))
  const urlOf = (i: number) => hubs[i % hubs.length]?.url as string
  const workers = await startPeers('worker', peers, setup, (i) => ({ url: urlOf(i), queues: { default: Math.ceil(slots / peers) } }))
  const clients = await startPeers('client', peers, setup, (i) => {
    if (layout.clients === 'at one hub') return { url: urlOf(0) }
    return layout.clients === 'at every hub' ? { url: urlOf(i) } : { url: urlOf(i), awaitAt: urlOf(i + 1) }
  })
  const parts = (role: Part['role'], actors: readonly Actor[]) => actors.map((actor): Part => ({ role, cpu: () => actor.cpu() }))
  const hubActors = hubs.map(({ hub }) => hub)
  return {
    running: {
      parts: [postgres.part, ...parts('hub', hubActors), ...parts('worker', workers)],
      async stop() {
        await Promise.all([...clients, ...workers].map((actor) => actor.end()))
        await Promise.all(hubActors.map((hub) => hub.program.stop('SIGTERM')))
      },
    },
    clients,
  }
}

function startPeers(kind: 'worker' | 'client', peers: number, setup: Setup, inputOf: (i: number) => object): Promise<Actor[]> {
  const start = async (i: number) => {
    const actor = Actor.start(`anchorleg ${kind} ${i + 1}`, `${kind}.js`, setup)
    await actor.ask('open', inputOf(i))
    return actor
  }
  return Promise.all(Array.from({ length: peers }, (_, i) => start(i)))
}
