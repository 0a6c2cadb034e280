import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Actor } from './actor.js'
import { type DiskTimes, timeDurableWrites } from './disk.js'
import type { BenchOptions } from './options.js'
import type { Load } from './programs/closedLoop.js'
import { putLoad, type RunningSystem, type Sample, type Setup, type System } from './systems/system.js'

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

/** After its start a system is warmed up for this long with the largest load, in ms: by then its code is compiled. */
const firstWarmupMs = 1_500
const diskMs = 400

/** What a run is made of. */
export interface Run {
  readonly systems: readonly System[]
  readonly folder: string
  readonly options: BenchOptions
  /** Told of progress. */
  readonly say: (text: string) => void
}

/** Measures all loads in every round, the systems by turns; which of them goes first changes. */
export async function runRounds({ systems, folder, options, say }: Run): Promise<Measurements> {
  const entries: Entry[] = []
  const disk: DiskTimes[] = []
  for (let round = 1; round <= options.rounds; round++) {
    say(`round ${round} of ${options.rounds}`)
    const own = join(folder, `round-${round}`)
    mkdirSync(own)
    disk.push(timeDurableWrites(own, diskMs))
    const contenders: Contender[] = []
    for (const [i, system] of systems.entries()) contenders.push(await start(system, setupIn(join(own, String(i)), options), options))
    entries.push(...(await runRound(contenders, options, round)))
    for (const { running } of contenders) await running.stop()
  }
  return { entries, disk }
}

function setupIn(folder: string, { profileFolder }: BenchOptions): Setup {
  mkdirSync(folder)
  return { folder, profileFolder }
}

async function start(system: System, setup: Setup, options: BenchOptions): Promise<Contender> {
  const running = await system.start(setup)
  await running.setSlots?.(options.slots[0] as number)
  const client = await running.addClient('client')
  await putLoad(running, [client], loadOf(options, Math.max(...options.outstanding), firstWarmupMs))
  return { system, running, client }
}

async function runRound(contenders: readonly Contender[], options: BenchOptions, round: number): Promise<Entry[]> {
  const entries: Entry[] = []
  const [firstSlots, ...furtherSlots] = options.slots as readonly [number, ...number[]]
  const measure = async (contender: Contender, outstanding: number, slots: number) => {
    const { system, running } = contender
    const sample = await measured(contender, outstanding, options)
    entries.push({ system: system.name, round, outstanding, slots: running.setSlots ? slots : null, ...sample })
  }
  for (const [i, outstanding] of [...options.outstanding].sort((a, b) => a - b).entries()) {
    for (const contender of rotated(contenders, round + i)) await measure(contender, outstanding, firstSlots)
  }
  for (const slots of furtherSlots) {
    for (const contender of rotated(contenders, round)) {
      if (!contender.running.setSlots) continue
      await contender.running.setSlots(slots)
      await measure(contender, Math.max(...options.outstanding), slots)
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
export function loadOf({ maxJobs, perSecond, valueBytes }: BenchOptions, outstanding: number, ms: number): Load {
  return { outstanding, ms, maxJobs, perSecond, valueBytes }
}

async function measured({ running, client }: Contender, outstanding: number, options: BenchOptions): Promise<Sample> {
  const { warmupMs, measureMs } = options
  await putLoad(running, [client], loadOf(options, outstanding, warmupMs))
  return putLoad(running, [client], loadOf(options, outstanding, measureMs))
}
