import { existsSync, readdirSync, readFileSync } from 'node:fs'

/** CPU seconds, in the program's own code and in the kernel for it. */
export interface CpuTime {
  readonly user: number
  readonly system: number
}

/** Both together; NaN where there is none. */
export const secondsOf = (time: CpuTime | undefined): number => (time ? time.user + time.system : Number.NaN)

/** Linux counts in these, whatever its kernel's own clock. */
const ticksPerSecond = 100

/**
 * CPU time of a process and all that descend from it, also of those that have ended and been waited for.
 * NaN on a system that does not tell (it needs `/proc`).
 */
export function cpuOfTree(pid: number): CpuTime {
  if (!existsSync('/proc/self/stat')) return { user: Number.NaN, system: Number.NaN }
  const processes = new Map<number, Stat>()
  for (const name of readdirSync('/proc')) {
    const stat = /^\d+$/.test(name) ? readStat(name) : undefined
    if (stat) processes.set(Number(name), stat)
  }
  const belongs = (id: number): boolean => id === pid || (processes.has(id) && belongs((processes.get(id) as Stat).parent))
  const ticks = { user: 0, system: 0 }
  for (const [id, { user, system }] of processes) {
    if (!belongs(id)) continue
    ticks.user += user
    ticks.system += system
  }
  return { user: ticks.user / ticksPerSecond, system: ticks.system / ticksPerSecond }
}

interface Stat {
  readonly parent: number
  /** Its own ticks and those of its children that have ended. */
  readonly user: number
  readonly system: number
}

function readStat(pid: string): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The name stands in parentheses and may hold anything; parent is the 4th field, the four times are the 14th to 17th.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    const [user, system, usersChildren, systemsChildren] = fields.slice(11, 15).map(Number) as [number, number, number, number]
    return { parent: Number(fields[1]), user: user + usersChildren, system: system + systemsChildren }
  } catch {
    // It has ended meanwhile.
    return undefined
  }
}
