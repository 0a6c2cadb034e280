import { type Spread, spreadOf } from './measure.js'
import type { CpuTime } from './processTime.js'
import type { Entry } from './rounds.js'
import { bullmqAlways } from './systems/bullmq.js'
import { relay, relayAcked } from './systems/relay.js'
import { type Role, rate } from './systems/system.js'

/** All rounds of one system under one load: of each figure the median with its spread. */
export interface Line {
  readonly system: string
  readonly outstanding: number
  readonly slots: number | null
  /** Jobs a second. */
  readonly rate: Spread
  readonly p50: Spread
  readonly p99: Spread
  readonly cpuSecondsPer1000: Spread
  /** Of which by role, in the processes' own code and in the kernel for them. */
  readonly cpu: Readonly<Partial<Record<Role, { readonly user: Spread; readonly system: Spread }>>>
  /** The rate as a multiple of both relays', and of BullMQ's with as many slots, each at as many outstanding jobs in the same round. */
  readonly timesRelay: Spread
  readonly timesRelayAcked: Spread
  readonly timesBullmq: Spread
  /** The median latency as a multiple of that BullMQ's. */
  readonly p50TimesBullmq: Spread
  /** CPU by job as a multiple of the one-way relay's: it hardly knows what else the machine does. */
  readonly cpuTimesRelay: Spread
}

/** Draws the rounds of each system and load together: loads from the smallest, fewer slots after more, systems in their order. */
export function linesOf(entries: readonly Entry[], systems: readonly string[]): Line[] {
  const groups = new Map<string, Entry[]>()
  for (const entry of entries) {
    const key = `${entry.system} ${entry.outstanding} ${entry.slots}`
    const group = groups.get(key)
    if (group) group.push(entry)
    else groups.set(key, [entry])
  }
  const slots = (line: Line) => line.slots ?? Number.MAX_SAFE_INTEGER
  return [...groups.values()]
    .map((rounds) => lineOf(rounds, entries))
    .sort((a, b) => a.outstanding - b.outstanding || slots(b) - slots(a) || systems.indexOf(a.system) - systems.indexOf(b.system))
}

function lineOf(rounds: readonly Entry[], entries: readonly Entry[]): Line {
  const [{ system, outstanding, slots }] = rounds as readonly [Entry]
  const over = (value: (entry: Entry) => number) => spreadOf(rounds.map(value))
  const times = (value: (entry: Entry) => number, name: string) =>
    over((entry) => {
      const other = entries.find((other) => isBeside(other, entry, name))
      return other ? value(entry) / value(other) : Number.NaN
    })
  return {
    system,
    outstanding,
    slots,
    rate: over(rate),
    p50: over(({ p50 }) => p50),
    p99: over(({ p99 }) => p99),
    cpuSecondsPer1000: over(cpuPer1000),
    cpu: cpuByRole(rounds),
    timesRelay: times(rate, relay.name),
    timesRelayAcked: times(rate, relayAcked.name),
    timesBullmq: times(rate, bullmqAlways.name),
    p50TimesBullmq: times(({ p50 }) => p50, bullmqAlways.name),
    cpuTimesRelay: times(cpuPer1000, relay.name),
  }
}

const cpuPer1000 = ({ cpuSeconds, jobs }: Entry) => (1000 * cpuSeconds) / jobs

function cpuByRole(rounds: readonly Entry[]): Line['cpu'] {
  const roles = Object.keys(rounds[0]?.cpu ?? {}) as Role[]
  const per1000 = (role: Role, kind: keyof CpuTime) => spreadOf(rounds.map(({ cpu, jobs }) => (1000 * (cpu[role]?.[kind] ?? Number.NaN)) / jobs))
  return Object.fromEntries(roles.map((role) => [role, { user: per1000(role, 'user'), system: per1000(role, 'system') }]))
}

/** Whether another system was measured under the same load in the same round. The relay has no slots, and stands beside any. */
function isBeside(other: Entry, { round, outstanding, slots }: Entry, name: string): boolean {
  const sameSlots = other.slots === slots || other.slots === null || slots === null
  return other.system === name && other.round === round && other.outstanding === outstanding && sameSlots
}
