import { Actor, type Staging } from '../actor.js'
import type { Measured } from '../programs/closedLoop.js'
import { type HubTerms, startHub } from '../systems/anchorleg.js'

/** What a house is made of, beside its store. */
interface Furnishing extends Pick<HubTerms, 'flags'> {
  /** What the worker, and the client, are opened with beside the hub's address. */
  readonly worker: object
  readonly client?: object
}

/** One hub, one worker and one client, each in a process of its own. */
export interface House {
  readonly hub: Actor
  readonly worker: Actor
  readonly client: Actor
  readonly url: string
  stop(): Promise<void>
}

/** Starts them over a store, as the hub's `--store` takes it. */
export async function startHouse(
  { folder, profileFolder }: Staging & { readonly folder: string },
  store: string,
  furnishing: Furnishing,
): Promise<House> {
  const setup = { folder, profileFolder }
  const { hub, url } = await startHub('hub', store, setup, { flags: furnishing.flags ?? [] })
  const worker = Actor.start('worker', 'worker.js', setup)
  const client = Actor.start('client', 'client.js', setup)
  await worker.ask('open', { url, ...furnishing.worker })
  await client.ask('open', { url, ...furnishing.client })
  return {
    ...{ hub, worker, client, url },
    async stop() {
      await Promise.all([client.end(), worker.end()])
      await hub.program.stop('SIGTERM')
    },
  }
}

/** Measures round trips of one job at a time, for so many ms. */
export const oneAtATime = ({ client }: House, ms: number) => client.ask<Measured>('load', { outstanding: 1, ms, maxJobs: 1e9 }, ms + 40_000)
