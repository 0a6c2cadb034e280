/** The systems that can stand beside each other: `anchorleg` on the store that `--store` names. */
export const systemNames = ['relay', 'relay-acked', 'ws-relay', 'bullmq-always', 'bullmq-everysec', 'anchorleg'] as const
export type SystemName = (typeof systemNames)[number]

/** What is put on systems that are compared. */
export interface Loads {
  /** Jobs kept outstanding, one line each. */
  readonly outstanding: readonly number[]
  /** Worker slots: the first for every line, each further one for a line more at the most outstanding jobs. */
  readonly slots: readonly number[]
  /** Each job carries a text of so many bytes there and back; absent for one number. */
  readonly valueBytes?: number | undefined
  /** Worker processes, and connections of the one process that is the client. */
  readonly workers: number
  readonly connections: number
  /** The outstanding jobs are submitted at once and awaited together, again and again. */
  readonly together: boolean
}

interface Comparison extends Partial<Loads> {
  readonly about: string
  /** Systems that cannot do it. */
  readonly without?: readonly SystemName[]
}

/** Scenarios in which systems stand beside each other under the same loads. */
export const comparisons = {
  'round-trips': { about: 'one job after the other, 64 and 1,000 outstanding; at 1,000 also with 10 worker slots' },
  'await-many': { about: 'awaitMany of 10,000 jobs', together: true, outstanding: [10_000] },
  'value-10k': { about: 'values of 10 kB there and back', valueBytes: 10_000, outstanding: [64, 1_000] },
  'value-500k': { about: 'values of 500 kB there and back', valueBytes: 500_000, outstanding: [16] },
  'workers-8': { about: '8 worker processes', workers: 8, outstanding: [1_000] },
  'clients-1000': {
    about: '1,000 connections with one job at a time each, as browsers have (no browser speaks to Redis, so without BullMQ)',
    connections: 1_000,
    outstanding: [1_000],
    without: ['bullmq-always', 'bullmq-everysec'],
  },
} as const satisfies Readonly<Record<string, Comparison>>
export type ComparisonName = keyof typeof comparisons

/** Scenarios with a course of their own: how many jobs or clients each has when nothing else is said. */
export const trials = {
  'cold-start': { about: 'a hub starts with waiting jobs: time to the first result, and rate; beside BullMQ', count: 100_000 },
  trace: { about: 'where the microseconds of one lone round trip go', count: 1_000 },
  backlog: { about: 'insert, claim, settle, dispatch beside so many waiting jobs: within 10 % of beside none', count: 1_000_000 },
  fairness: { about: 'so many waiting jobs of one tenant leave another’s p99 within twice its quiet value', count: 100_000 },
  'idle-clients': { about: 'so many idle clients on one hub in at most 400 MB', count: 10_000 },
  reattach: { about: 'so many pending awaits reattached within 2 s of a restart of the hub', count: 10_000 },
  soak: { about: 'so many jobs, and memory stays flat', count: 1_000_000 },
  prune: { about: 'so many old jobs pruned, and no round trip beside it delayed by more than 50 ms', count: 1_000_000 },
} as const
export type TrialName = keyof typeof trials

export type ScenarioName = ComparisonName | TrialName
export const scenarioNames = [...Object.keys(comparisons), ...Object.keys(trials)] as readonly ScenarioName[]

/** Whether systems stand beside each other in it. */
export const isComparison = (name: ScenarioName): name is ComparisonName => Object.hasOwn(comparisons, name)

const usual: Loads = { outstanding: [1, 64, 1_000], slots: [2_000, 10], workers: 1, connections: 1, together: false }

/** The loads of a comparison; what the caller of the command has said goes before what the scenario says. */
export function loadsOf(name: ComparisonName, said: Partial<Loads>): Loads {
  const { about: _, without: __, ...own }: Comparison = comparisons[name]
  const slots = name === 'round-trips' ? usual.slots : usual.slots.slice(0, 1)
  return { ...usual, slots, ...own, ...said }
}

/** Which of these systems can do it. */
export function systemsIn(name: ComparisonName, systems: readonly SystemName[]): SystemName[] {
  const { without = [] }: Comparison = comparisons[name]
  return systems.filter((system) => !without.includes(system))
}
