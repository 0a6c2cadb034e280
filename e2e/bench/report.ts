import { type Spread, spreadOf } from './measure.js'
import type { Entry, Measurements } from './rounds.js'
import { anchorleg } from './systems/anchorleg.js'
import { relay } from './systems/relay.js'
import { rate } from './systems/system.js'
import { type Column, figure, layOut } from './table.js'

const columns: readonly Column[] = [
  { heading: 'system', align: 'left' },
  { heading: 'outstanding', align: 'right' },
  { heading: 'worker slots', align: 'right' },
  { heading: 'jobs/s', align: 'right' },
  { heading: 'p50 ms', align: 'right' },
  { heading: 'p99 ms', align: 'right' },
  { heading: 'CPU s per 1,000 jobs', align: 'right' },
  { heading: 'ratio to the relay', align: 'right' },
]

/** The result for people: one line per system and load with medians and spreads, then what one job alone takes. */
export function report(measurements: Measurements, { markdown }: { markdown: boolean }): string {
  const lines = [...groupByLine(measurements.entries).values()]
  const table = layOut(columns, lines.map(cellsOf), { markdown })
  return [table, ...aloneOf(measurements)].join('\n\n')
}

/** The rounds of each line of the table, in the order of their first. */
function groupByLine(entries: readonly Entry[]): Map<string, Entry[]> {
  const lines = new Map<string, Entry[]>()
  for (const entry of entries) {
    const key = `${entry.system} ${entry.outstanding} ${entry.slots}`
    const line = lines.get(key)
    if (line) line.push(entry)
    else lines.set(key, [entry])
  }
  return lines
}

function cellsOf(rounds: readonly Entry[]): string[] {
  const [{ system, outstanding, slots }] = rounds as readonly [Entry]
  const over = (value: (entry: Entry) => number) => withSpread(spreadOf(rounds.map(value)))
  return [
    system,
    outstanding.toLocaleString('en-US'),
    slots === null ? '–' : slots.toLocaleString('en-US'),
    over(rate),
    over(({ p50 }) => p50),
    over(({ p99 }) => p99),
    over(({ cpuSeconds, jobs }) => (1000 * cpuSeconds) / jobs),
    over(({ ratio }) => ratio),
  ]
}

/** What one job alone takes in each system, beside the durable write that no stored job can do without. */
function aloneOf({ entries, disk }: Measurements): string[] {
  const alone = (name: string) => entries.filter(({ system, outstanding }) => system === name && outstanding === 1).map(({ p50 }) => p50)
  if (alone(relay.name).length === 0) return []
  const told = [
    `${anchorleg.name} ${withSpread(spreadOf(alone(anchorleg.name)))} ms`,
    `${relay.name} ${withSpread(spreadOf(alone(relay.name)))} ms`,
    `one durable write of this disk (a 4 KiB page and fdatasync) ${withSpread(spreadOf(disk.map(({ p50 }) => p50)))} ms`,
  ]
  return [`One job alone, p50: ${told.join('; ')}.`]
}

/** The median, and the range it comes from. */
export function withSpread({ median, min, max }: Spread): string {
  return min === max ? figure(median) : `${figure(median)} (${figure(min)}–${figure(max)})`
}
