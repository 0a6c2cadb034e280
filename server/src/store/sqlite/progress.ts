import type { Told } from '../store.js'
import type { Means, Operations } from './operations.js'
import { progressOf } from './progressRows.js'
import { reportOf } from './reports.js'
import { findRunning, tellOf } from './running.js'

/** Prepares keeping the latest progress of running attempts. */
export function progress(means: Means): Operations['progress'] {
  const find = findRunning(means)
  const tell = tellOf(means)
  const { open } = reportOf(means)
  const { write } = progressOf(means)
  return (reports) =>
    reports.map((report): Told | null => {
      const job = find(report)
      if (!job) return null
      write(open(job).id, report)
      return tell(job)
    })
}
