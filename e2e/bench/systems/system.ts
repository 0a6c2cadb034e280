import type { Actor, Staging } from '../actor.js'
import type { Load, Measured } from '../programs/closedLoop.js'

/** What a system is started with. */
export interface Setup extends Staging {
  /** An empty folder for what it stores. */
  readonly folder: string
  /** The largest encoded value it must carry, in bytes; absent for its default. */
  readonly valueBytes?: number | undefined
}

/** A system under test, in at least three processes: a hub, a worker, a client. */
export interface System {
  readonly name: string
  start(setup: Setup): Promise<RunningSystem>
}

/** A started system. */
export interface RunningSystem {
  /** Its hub and the worker of small jobs; clients come beside them. */
  readonly actors: readonly Actor[]
  /** Reopens the worker with so many slots; absent where workers have no slots. */
  setSlots?(slots: number): Promise<void>
  /** Starts a further client, connected. */
  addClient(name: string): Promise<Actor>
  /** Starts a worker for uploads alone, connected. */
  addUploadWorker(): Promise<void>
  /** Ends all of its processes. */
  stop(): Promise<void>
}

/** What one load gave: latencies and rate as the client saw them, CPU seconds of hub, worker and client together. */
export interface Sample extends Measured {
  readonly cpuSeconds: number
}

/** Puts a load on a system through one of its clients. */
export async function putLoad(system: RunningSystem, client: Actor, load: Load): Promise<Sample> {
  const actors = [...system.actors, client]
  const before = await cpuOf(actors)
  const measured = await client.ask<Measured>('load', load, load.ms + 40_000)
  return { ...measured, cpuSeconds: (await cpuOf(actors)) - before }
}

async function cpuOf(actors: readonly Actor[]): Promise<number> {
  const seconds = await Promise.all(actors.map((actor) => actor.cpu()))
  return seconds.reduce((sum, each) => sum + each, 0)
}

/** Jobs per second. */
export const rate = ({ jobs, seconds }: Measured): number => jobs / seconds
