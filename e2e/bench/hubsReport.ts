import type { HubsEntry } from './hubs.js'
import { type Spread, spreadOf } from './measure.js'
import { secondsOf } from './processTime.js'
import { withSpread } from './report.js'
import { type Role, rate } from './systems/system.js'
import { type Column, layOut } from './table.js'

/** All rounds of one layout under one load: medians with their spread, costs by job. */
export interface HubsLine extends Pick<HubsEntry, 'hubs' | 'clients' | 'outstanding'> {
  readonly rate: Spread
  readonly p50: Spread
  /** CPU milliseconds a job, which are CPU seconds per 1,000 jobs: of all hubs, of PostgreSQL, of everything. */
  readonly hubCpu: Spread
  readonly databaseCpu: Spread
  readonly allCpu: Spread
  readonly statements: Spread
  readonly walBytes: Spread
  readonly notifies: Spread
}

/** Draws the rounds of each layout and load together: loads from the smallest, layouts in the order of their first. */
export function hubsLinesOf(entries: readonly HubsEntry[]): HubsLine[] {
  const groups = new Map<string, HubsEntry[]>()
  for (const entry of [...entries].sort((a, b) => a.outstanding - b.outstanding || a.hubs - b.hubs)) {
    const key = `${entry.outstanding} ${entry.hubs} ${entry.clients}`
    const group = groups.get(key)
    if (group) group.push(entry)
    else groups.set(key, [entry])
  }
  return [...groups.values()].map(lineOf)
}

function lineOf(rounds: readonly HubsEntry[]): HubsLine {
  const [{ hubs, clients, outstanding }] = rounds as readonly [HubsEntry]
  const over = (value: (entry: HubsEntry) => number) => spreadOf(rounds.map(value))
  const perJob = (value: (entry: HubsEntry) => number) => over((entry) => value(entry) / entry.jobs)
  const cpuOf = (role: Role) => perJob(({ cpu }) => 1000 * secondsOf(cpu[role]))
  return {
    ...{ hubs, clients, outstanding, rate: over(rate), p50: over(({ p50 }) => p50) },
    hubCpu: cpuOf('hub'),
    databaseCpu: cpuOf('database'),
    allCpu: perJob(({ cpuSeconds }) => 1000 * cpuSeconds),
    statements: perJob(({ statements }) => statements),
    walBytes: perJob(({ walBytes }) => walBytes),
    notifies: perJob(({ notifies }) => notifies),
  }
}

const columns: readonly Column[] = [
  { heading: 'hubs', align: 'right' },
  { heading: 'clients', align: 'left' },
  { heading: 'outstanding', align: 'right' },
  { heading: 'jobs/s', align: 'right' },
  { heading: 'p50 ms', align: 'right' },
  { heading: 'CPU ms: hubs', align: 'right' },
  { heading: 'PostgreSQL', align: 'right' },
  { heading: 'all processes', align: 'right' },
  { heading: 'statements', align: 'right' },
  { heading: 'WAL bytes', align: 'right' },
  { heading: 'NOTIFYs', align: 'right' },
]

/** The result for people. */
export function reportHubs(lines: readonly HubsLine[], { markdown }: { markdown: boolean }): string {
  const rows = lines.map(({ hubs, clients, outstanding, rate, p50, hubCpu, databaseCpu, allCpu, statements, walBytes, notifies }) => [
    ...[String(hubs), hubs === 1 ? 'at the hub' : clients, outstanding.toLocaleString('en-US')],
    ...[rate, p50, hubCpu, databaseCpu, allCpu, statements, walBytes, notifies].map(withSpread),
  ])
  return `${layOut(columns, rows, { markdown })}\n\nCPU milliseconds, statements, bytes and NOTIFYs are by job; NOTIFYs are those that hubs sent, each heard by all.`
}
