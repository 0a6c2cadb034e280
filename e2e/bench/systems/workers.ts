import { Actor } from '../actor.js'
import type { Part, Setup } from './system.js'

/** The workers of small jobs of one system. */
export interface Workers {
  readonly actors: readonly Actor[]
  readonly parts: readonly Part[]
  /** Their share of so many slots in all. */
  share(slots: number): number
  /** Asks all of them the same, at once. */
  open(input: object): Promise<void>
}

/** Starts as many as the setup says, each in a process of its own. */
export function startWorkers(name: string, file: string, setup: Setup): Workers {
  const { workers = 1 } = setup
  const actors = Array.from({ length: workers }, (_, i) => Actor.start(workers === 1 ? name : `${name} ${i + 1}`, file, setup))
  return {
    actors,
    parts: actors.map((actor) => ({ role: 'worker', cpu: () => actor.cpu() })),
    share: (slots) => Math.ceil(slots / workers),
    async open(input) {
      await Promise.all(actors.map((actor) => actor.ask('open', input)))
    },
  }
}
