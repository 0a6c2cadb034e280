import type { DiskTimes } from './disk.js'
import type { Line } from './lines.js'
import { type Spread, spreadOf } from './measure.js'
import { bullmqAlways } from './systems/bullmq.js'
import { type Column, figure, layOut } from './table.js'

const columns: readonly Column[] = [
  { heading: 'system', align: 'left' },
  { heading: 'outstanding', align: 'right' },
  { heading: 'worker slots', align: 'right' },
  { heading: 'jobs/s', align: 'right' },
  { heading: 'p50 ms', align: 'right' },
  { heading: 'p99 ms', align: 'right' },
  { heading: 'CPU s per 1,000 jobs', align: 'right' },
  { heading: '× relay', align: 'right' },
  { heading: '× BullMQ always', align: 'right' },
]

/** The result for people: the lines with medians and spreads, then what one job alone takes. */
export function report(lines: readonly Line[], disk: readonly DiskTimes[], { markdown }: { markdown: boolean }): string {
  return [layOut(columns, lines.map(cellsOf), { markdown }), ...aloneOf(lines, disk)].join('\n\n')
}

function cellsOf(line: Line): string[] {
  const { system, outstanding, slots, rate, p50, p99, cpuSecondsPer1000, timesRelay, timesBullmq } = line
  const counts = [outstanding.toLocaleString('en-US'), slots === null ? '–' : slots.toLocaleString('en-US')]
  return [system, ...counts, ...[rate, p50, p99, cpuSecondsPer1000, timesRelay, timesBullmq].map(withSpread)]
}

/** What one job alone takes in each system, beside the durable write that no stored job can do without. */
function aloneOf(lines: readonly Line[], disk: readonly DiskTimes[]): string[] {
  const alone = lines.filter(({ outstanding }) => outstanding === 1)
  if (alone.length === 0) return []
  const told = alone.map(({ system, p50, p50TimesBullmq: times }) => {
    const compared = Number.isFinite(times.median) && system !== bullmqAlways.name ? `, ${withSpread(times)} × BullMQ always` : ''
    return `${system} ${withSpread(p50)} ms${compared}`
  })
  const write = `one durable write of this disk (a 4 KiB page and fdatasync) ${withSpread(spreadOf(disk.map(({ p50 }) => p50)))} ms`
  return [`One job alone, p50: ${[...told, write].join('; ')}.`]
}

/** The median, and the range it comes from. */
export function withSpread({ median, min, max }: Spread): string {
  const single = min === max || !Number.isFinite(median)
  return single ? figure(median) : `${figure(median)} (${figure(min)}–${figure(max)})`
}
