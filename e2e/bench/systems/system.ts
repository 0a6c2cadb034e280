import type { Actor, Staging } from '../actor.js'
import { quantile } from '../measure.js'
import type { CpuTime } from '../processTime.js'
import type { Load, Measured } from '../programs/closedLoop.js'

/** What a system is started with. */
export interface Setup extends Staging {
  /** An empty folder for what it stores. */
  readonly folder: string
  /** The largest encoded value it must carry, in bytes; absent for its default. */
  readonly valueBytes?: number | undefined
  /** So many worker processes share the slots; 1 when absent. */
  readonly workers?: number | undefined
  /** Each client holds so many connections; 1 when absent. */
  readonly connections?: number | undefined
}

/** What a process is there for. */
export type Role = 'hub' | 'database' | 'worker' | 'client'

/** One or more processes of a system, whose CPU time since their start can be read. */
export interface Part {
  readonly role: Role
  cpu(): Promise<CpuTime>
}

/** A system under test, in several processes: what carries the jobs, a worker, a client. */
export interface System<Running extends RunningSystem = RunningSystem> {
  readonly name: string
  start(setup: Setup): Promise<Running>
}

/** A started system. */
export interface RunningSystem {
  /** What carries the jobs, and the workers of small jobs; clients come beside them. */
  readonly parts: readonly Part[]
  /** Reopens the workers with so many slots in all; absent where workers have no slots. */
  setSlots?(slots: number): Promise<void>
  /** Starts a further client, connected. */
  addClient(name: string): Promise<Actor>
  /** Ends all of its processes. */
  stop(): Promise<void>
}

/** A started system that large values can be pushed through. */
export interface UploadingSystem extends RunningSystem {
  /** Starts a worker for uploads alone, connected. */
  addUploadWorker(): Promise<void>
}

/** What one load gave: latencies and rate as the clients saw them, CPU seconds of all processes of the system and its clients. */
export interface Sample extends Measured {
  readonly cpuSeconds: number
  /** Of which by role. */
  readonly cpu: Readonly<Partial<Record<Role, CpuTime>>>
}

/** Puts a load on a system through some of its clients, each with its share of it. */
export async function putLoad({ parts: others }: Pick<RunningSystem, 'parts'>, clients: readonly Actor[], load: Load): Promise<Sample> {
  const parts = [...others, ...clients.map((client): Part => ({ role: 'client', cpu: () => client.cpu() }))]
  const before = await cpuOf(parts)
  const measured = await Promise.all(clients.map((client, i) => client.ask<Measured>('load', shareOf(load, i, clients.length), load.ms + 40_000)))
  const after = await cpuOf(parts)
  const cpu: Partial<Record<Role, CpuTime>> = {}
  for (const [i, { role }] of parts.entries()) {
    const [from, to] = [before[i] as CpuTime, after[i] as CpuTime]
    const { user, system } = cpu[role] ?? { user: 0, system: 0 }
    cpu[role] = { user: user + to.user - from.user, system: system + to.system - from.system }
  }
  return { ...together(measured), cpu, cpuSeconds: Object.values(cpu).reduce((sum, { user, system }) => sum + user + system, 0) }
}

const cpuOf = (parts: readonly Part[]): Promise<CpuTime[]> => Promise.all(parts.map((part) => part.cpu()))

function shareOf(load: Load, i: number, clients: number): Load {
  const share = (whole: number) => Math.max(1, Math.floor((whole + i) / clients))
  const { perSecond } = load
  return {
    ...load,
    outstanding: share(load.outstanding),
    maxJobs: share(load.maxJobs),
    perSecond: perSecond && perSecond / clients,
    phase: i / clients,
  }
}

/** What several clients saw in the same time: of their medians the median, of their other quantiles the largest. */
function together(measured: readonly Measured[]): Measured {
  const all = (value: (each: Measured) => number) => measured.map(value)
  return {
    jobs: all(({ jobs }) => jobs).reduce((sum, each) => sum + each, 0),
    seconds: Math.max(...all(({ seconds }) => seconds)),
    p50: quantile(
      all(({ p50 }) => p50),
      0.5,
    ),
    p99: Math.max(...all(({ p99 }) => p99)),
    longest: Math.max(...all(({ longest }) => longest)),
  }
}

/** Jobs per second. */
export const rate = ({ jobs, seconds }: Measured): number => jobs / seconds
