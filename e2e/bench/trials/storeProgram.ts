import { Actor, type Staging } from '../actor.js'

/** Filling a million jobs takes so long on a slow disk, in ms. */
const longMs = 900_000

/** Steps of a store's work, in jobs a second. */
export interface StepRates {
  readonly insert: number
  readonly claim: number
  readonly settle: number
  readonly dispatch: number
}

/** The store of a hub that does not run yet, open in a process of its own. */
export class StoreProgram {
  private constructor(private readonly actor: Actor) {}

  /** Opens the one at an address, as the hub's `--store` takes it. */
  static async open(address: string, staging: Staging): Promise<StoreProgram> {
    const actor = Actor.start('store', 'store.js', staging)
    await actor.ask('open', { address })
    return new StoreProgram(actor)
  }

  /** Stores so many waiting jobs; answers with the first ref and the last. Those of the lane of small jobs are for the benchmark's workers. */
  fill(count: number, { queue = 'default', name = 'noop', tenant = 'default' } = {}): Promise<{ first: string; last: string }> {
    return this.actor.ask('fill', { queue, name, tenant, count }, longMs)
  }

  /** Runs so many of the waiting small jobs to their ends, without a worker. */
  finish(count: number): Promise<void> {
    return this.actor.ask('finish', { count }, longMs)
  }

  /** Measures the steps over so many small jobs more. */
  rates(count: number): Promise<StepRates> {
    return this.actor.ask('rates', { count }, longMs)
  }

  async close(): Promise<void> {
    await this.actor.ask('close')
    await this.actor.end()
  }
}
