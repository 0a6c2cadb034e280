import type { Means } from './operations.js'

/** What one run of a job has told of itself, but for the values. `afterOutcome` is the number of the last outcome before it. */
export interface Report {
  readonly id: number
  readonly attempt: number
  readonly afterOutcome: number
  readonly chunks: number
  readonly bytes: number
}

/** A running job, as its report needs it. */
export interface Run {
  readonly id: number
  readonly attempt: number
  readonly outcomes: number
  readonly report: number | null
}

/** Prepares opening and reading reports. */
export function reportOf({ db }: Means): { open(run: Run): Report; read(id: number): Report; chunks(id: number | null): number } {
  const read = db.prepare<[number], Report>('SELECT id, attempt, after_outcome AS afterOutcome, chunks, bytes FROM reports WHERE id = ?')
  const create = db.prepare('INSERT INTO reports (attempt, after_outcome) VALUES (?, ?)')
  const point = db.prepare('UPDATE jobs SET report = ? WHERE id = ?')
  const existing = (id: number): Report => {
    const report = read.get(id)
    if (!report) throw new Error(`A job points to report ${id}, which is not there.`)
    return report
  }
  return {
    read: existing,
    chunks: (id) => (id === null ? 0 : existing(id).chunks),
    open({ id, attempt, outcomes, report }) {
      if (report !== null) return existing(report)
      const created = Number(create.run(attempt, outcomes).lastInsertRowid)
      point.run(created, id)
      return { id: created, attempt, afterOutcome: outcomes, chunks: 0, bytes: 0 }
    },
  }
}
