import { readFileSync } from 'node:fs'

/** Resident memory of a process in MB (10⁶ bytes); NaN on a system that does not tell (it needs `/proc`). */
export function residentMB(pid: number): number {
  try {
    const kiB = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]
    return (Number(kiB) * 1024) / 1e6
  } catch {
    return Number.NaN
  }
}
