import type { Emitted } from '../store.js'
import { chunksOf } from './chunkRows.js'
import { looseReports } from './looseReports.js'
import type { Means, Operations } from './operations.js'
import { reportOf } from './reports.js'
import { findRunning, tellOf } from './running.js'

/** Loose rows deleted for each chunk that is stored, so that they never pile up, however seldom jobs are pruned. */
const cleared = 2

/** Prepares storing chunks, each behind the one before it. */
export function emit(means: Means): Operations['emit'] {
  const find = findRunning(means)
  const tell = tellOf(means)
  const { open } = reportOf(means)
  const { add } = chunksOf(means)
  const { clear } = looseReports(means)
  return (emissions) => {
    const emitted = emissions.map((emission): Emitted => {
      const job = find(emission)
      if (!job) return { verdict: 'stale' }
      const report = open(job)
      if (emission.index < report.chunks) return { verdict: 'stored', told: null }
      if (emission.index > report.chunks) return { verdict: 'gap' }
      return add(report, emission) ? { verdict: 'stored', told: tell(job) } : { verdict: 'full' }
    })
    clear(cleared * emissions.length)
    return emitted
  }
}
