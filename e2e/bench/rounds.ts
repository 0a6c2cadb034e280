import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Actor } from './actor.js'
import { type DiskTimes, timeDurableWrites } from './disk.js'
import type { BenchOptions } from './options.js'
import type { Load } from './programs/closedLoop.js'
import type { Loads } from './scenarios.js'
import { putLoad, type RunningSystem, type Sample, type System } from './systems/system.js'

/** What one system did under one load in one round. */
export interface Entry extends Sample {
  readonly system: string
  readonly round: number
  readonly outstanding: number
  /** Null where workers have no slots. */
  readonly slots: number | null
}

/** Everything that was measured. */
export interface Measurements {
  readonly entries: readonly Entry[]
  /** One for each round. */
  readonly disk: readonly DiskTimes[]
}

/** A started system and the client that loads it. */
interface Contender {
  readonly system: System
  readonly running: RunningSystem
  readonly client: Actor
}

const diskMs = 400

/** What a run is made of. */
export interface Run {
  readonly systems: readonly System[]
  readonly loads: Loads
  /** Empty. */
  readonly folder: string
  readonly options: BenchOptions
  /** Told of progress. */
  readonly say: (text: string) => void
}

/** Measures all loads in every round, the systems by turns; which of them goes first changes. */
export async function runRounds(run: Run): Promise<Measurements> {
  const { systems, folder, options, say } = run
  const entries: Entry[] = []
  const disk: DiskTimes[] = []
  for (let round = 1; round <= options.rounds; round++) {
    say(`round ${round} of ${options.rounds}`)
    const own = join(folder, `round-${round}`)
    mkdirSync(own)
    disk.push(timeDurableWrites(own, diskMs))
    const contenders: Contender[] = []
    for (const [i, system] of systems.entries()) contenders.push(await start(system, join(own, String(i)), run))
    entries.push(...(await runRound(contenders, run, round)))
    for (const { running } of contenders) await running.stop()
  }
  return { entries, disk }
}

async function start(system: System, folder: string, { options, loads }: Run): Promise<Contender> {
  mkdirSync(folder)
  const { workers, connections } = loads
  const running = await system.start({ folder, profileFolder: options.profileFolder, workers, connections })
  await running.setSlots?.(loads.slots[0] as number)
  const client = await running.addClient('client')
  await putLoad(running, [client], loadOf({ options, loads }, Math.max(...loads.outstanding), options.firstWarmupMs))
  return { system, running, client }
}

async function runRound(contenders: readonly Contender[], run: Run, round: number): Promise<Entry[]> {
  const { loads } = run
  const entries: Entry[] = []
  const [firstSlots, ...furtherSlots] = loads.slots as readonly [number, ...number[]]
  const measure = async (contender: Contender, outstanding: number, slots: number) => {
    const { system, running } = contender
    const sample = await measured(contender, outstanding, run)
    entries.push({ system: system.name, round, outstanding, slots: running.setSlots ? slots : null, ...sample })
  }
  for (const [i, outstanding] of [...loads.outstanding].sort((a, b) => a - b).entries()) {
    for (const contender of rotated(contenders, round + i)) await measure(contender, outstanding, firstSlots)
  }
  for (const slots of furtherSlots) {
    for (const contender of rotated(contenders, round)) {
      if (!contender.running.setSlots) continue
      await contender.running.setSlots(slots)
      await measure(contender, Math.max(...loads.outstanding), slots)
    }
  }
  return entries
}

/** The same in the same order, beginning with another one. */
export function rotated<T>(all: readonly T[], by: number): T[] {
  const first = by % all.length
  return [...all.slice(first), ...all.slice(0, first)]
}

/** So many jobs outstanding for so long, else as the options say. */
export function loadOf({ options, loads }: Pick<Run, 'options' | 'loads'>, outstanding: number, ms: number): Load {
  const { maxJobs, perSecond } = options
  const { valueBytes, together } = loads
  return { outstanding, ms, maxJobs, perSecond, valueBytes, together }
}

async function measured({ running, client }: Contender, outstanding: number, run: Run): Promise<Sample> {
  const { warmupMs, measureMs } = run.options
  await putLoad(running, [client], loadOf(run, outstanding, warmupMs))
  return putLoad(running, [client], loadOf(run, outstanding, measureMs))
}
