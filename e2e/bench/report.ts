import type { DiskTimes } from './disk.js'
import type { Line } from './lines.js'
import { type Spread, spreadOf } from './measure.js'
import { bullmqAlways } from './systems/bullmq.js'
import type { Role } from './systems/system.js'
import { type Column, figure, layOut } from './table.js'

const who: readonly Column[] = [
  { heading: 'system', align: 'left' },
  { heading: 'outstanding', align: 'right' },
  { heading: 'worker slots', align: 'right' },
]

const columns: readonly Column[] = [
  ...who,
  { heading: 'jobs/s', align: 'right' },
  { heading: 'p50 ms', align: 'right' },
  { heading: 'p99 ms', align: 'right' },
  { heading: 'CPU s per 1,000 jobs', align: 'right' },
  { heading: '× relay', align: 'right' },
  { heading: '× relay with acks', align: 'right' },
  { heading: '× BullMQ always', align: 'right' },
]

const roles: readonly Role[] = ['hub', 'database', 'worker', 'client']

const cpuColumns: readonly Column[] = [
  ...who,
  ...roles.map((role): Column => ({ heading: role, align: 'right' })),
  { heading: 'all, × relay', align: 'right' },
]

/** The result for people: the lines with medians and spreads, whose CPU time it was, and what one job alone takes. */
export function report(lines: readonly Line[], disk: readonly DiskTimes[], { markdown }: { markdown: boolean }): string {
  const cpu = `CPU seconds per 1,000 jobs, in the processes' own code + in the kernel:\n\n${layOut(cpuColumns, lines.map(cpuCellsOf), { markdown })}`
  return [layOut(columns, lines.map(cellsOf), { markdown }), cpu, ...aloneOf(lines, disk)].join('\n\n')
}

function cellsOf(line: Line): string[] {
  const { rate, p50, p99, cpuSecondsPer1000, timesRelay, timesRelayAcked, timesBullmq } = line
  return [...whoOf(line), ...[rate, p50, p99, cpuSecondsPer1000, timesRelay, timesRelayAcked, timesBullmq].map(withSpread)]
}

function cpuCellsOf(line: Line): string[] {
  const shares = roles.map((role) => {
    const times = line.cpu[role]
    return times ? `${figure(times.user.median)} + ${figure(times.system.median)}` : '–'
  })
  return [...whoOf(line), ...shares, withSpread(line.cpuTimesRelay)]
}

function whoOf({ system, outstanding, slots }: Line): string[] {
  return [system, outstanding.toLocaleString('en-US'), slots === null ? '–' : slots.toLocaleString('en-US')]
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
