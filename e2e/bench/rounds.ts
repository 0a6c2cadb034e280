import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Actor } from './actor.js'
import { type DiskTimes, timeDurableWrites } from './disk.js'
import type { BenchOptions } from './options.js'
import { anchorleg } from './systems/anchorleg.js'
import { relay } from './systems/relay.js'
import { putLoad, type RunningSystem, rate, type Sample, type Setup, type System } from './systems/system.js'

/** What one system did under one load in one round. */
export interface Entry extends Sample {
  readonly system: string
  readonly round: number
  readonly outstanding: number
  /** Null where workers have no slots. */
  readonly slots: number | null
  /** Its rate divided by the relay's at as many outstanding jobs in the same round. */
  readonly ratio: number
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

/** Measures all loads in every round, the systems by turns; which of them goes first alternates. */
export async function runRounds(folder: string, options: BenchOptions, say: (text: string) => void): Promise<Measurements> {
  const entries: Entry[] = []
  const disk: DiskTimes[] = []
  for (let round = 1; round <= options.rounds; round++) {
    say(`round ${round} of ${options.rounds}`)
    const setup = { folder: join(folder, `round-${round}`), profileFolder: options.profileFolder }
    mkdirSync(setup.folder)
    disk.push(timeDurableWrites(setup.folder, diskMs))
    const ours = await start(anchorleg, setup, options)
    const theirs = await start(relay, setup, options)
    entries.push(...(await runRound(ours, theirs, options, round)))
    await Promise.all([ours.running.stop(), theirs.running.stop()])
  }
  return { entries, disk }
}

async function start(system: System, setup: Setup, options: BenchOptions): Promise<Contender> {
  const running = await system.start(setup)
  await running.setSlots?.(options.slots[0] as number)
  const client = await running.addClient('client')
  await putLoad(running, client, { outstanding: Math.max(...options.outstanding), ms: firstWarmupMs, maxJobs: options.maxJobs })
  return { system, running, client }
}

async function runRound(ours: Contender, theirs: Contender, options: BenchOptions, round: number): Promise<Entry[]> {
  const entries: Entry[] = []
  const [firstSlots, ...furtherSlots] = options.slots as [number, ...number[]]
  let relayed: Sample | undefined
  for (const [i, outstanding] of [...options.outstanding].sort((a, b) => a - b).entries()) {
    const samples = new Map<Contender, Sample>()
    for (const contender of (round + i) % 2 === 0 ? [ours, theirs] : [theirs, ours]) {
      samples.set(contender, await measure(contender, outstanding, options))
    }
    relayed = samples.get(theirs) as Sample
    entries.push(entryOf(ours, samples.get(ours) as Sample, relayed, { round, outstanding, slots: firstSlots }))
    entries.push(entryOf(theirs, relayed, relayed, { round, outstanding, slots: null }))
  }
  const outstanding = Math.max(...options.outstanding)
  for (const slots of furtherSlots) {
    await ours.running.setSlots?.(slots)
    entries.push(entryOf(ours, await measure(ours, outstanding, options), relayed as Sample, { round, outstanding, slots }))
  }
  return entries
}

async function measure({ running, client }: Contender, outstanding: number, { warmupMs, measureMs, maxJobs }: BenchOptions): Promise<Sample> {
  await putLoad(running, client, { outstanding, ms: warmupMs, maxJobs })
  return putLoad(running, client, { outstanding, ms: measureMs, maxJobs })
}

function entryOf({ system }: Contender, sample: Sample, relayed: Sample, line: Pick<Entry, 'round' | 'outstanding' | 'slots'>): Entry {
  return { system: system.name, ...line, ...sample, ratio: rate(sample) / rate(relayed) }
}
