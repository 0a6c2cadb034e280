import { existsSync, readdirSync, readFileSync } from 'node:fs'

/** Linux counts in these, whatever its kernel's own clock. */
const ticksPerSecond = 100

/**
 * CPU seconds of a process and all that descend from it, also of those that have ended and been waited for.
 * NaN on a system that does not tell (it needs `/proc`).
 */
export function cpuOfTree(pid: number): number {
  if (!existsSync('/proc/self/stat')) return Number.NaN
  const processes = new Map<number, Stat>()
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? readStat(name) : undefined
    if (stat) processes.set(Number(name), stat)
  }
  const belongs = (id: number): boolean => id === pid || (processes.has(id) && belongs((processes.get(id) as Stat).parent))
  let ticks = 0
  for (const [id, stat] of processes) if (belongs(id)) ticks += stat.ticks
  return ticks / ticksPerSecond
}

interface Stat {
  readonly parent: number
  readonly ticks: number
}

function readStat(pid: string): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The name stands in parentheses and may hold anything; parent is the 4th field, the four times are the 14th to 17th.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return { parent: Number(fields[1]), ticks: fields.slice(11, 15).reduce((sum, each) => sum + Number(each), 0) }
  } catch {
    // It has ended meanwhile.
    return undefined
  }
}
