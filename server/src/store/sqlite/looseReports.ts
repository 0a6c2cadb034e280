import { placeOf } from './chunkRows.js'
import type { Means } from './operations.js'

/** Prepares parting jobs from their reports, which costs the same however much was told, and deleting what is loose since then. */
export function looseReports({ db }: Means): { loosen(report: number | null): void; clear(most: number): void } {
  const loosen = db.prepare('UPDATE reports SET loose = 1 WHERE id = ?')
  const first = db.prepare<[], { id: number; chunks: number }>(
    'SELECT id, chunks FROM reports INDEXED BY reports_loose WHERE loose = 1 ORDER BY id LIMIT 1',
  )
  const shorten = db.prepare('UPDATE reports SET chunks = ? WHERE id = ?')
  const deleteChunks = db.prepare('DELETE FROM chunks WHERE place >= ? AND place < ?')
  const deletions = ['progress WHERE report', 'reports WHERE id'].map((part) => db.prepare<[number]>(`DELETE FROM ${part} = ?`))
  return {
    loosen: (report) => void (report !== null && loosen.run(report)),
    clear(most) {
      let left = most
      for (let next = first.get(); next && left > 0; next = first.get()) {
        const { id, chunks } = next
        const rest = Math.max(0, chunks - left)
        deleteChunks.run(placeOf(id, rest), placeOf(id, chunks))
        left -= chunks - rest + 1
        if (rest > 0) shorten.run(rest, id)
        else for (const deletion of deletions) deletion.run(id)
      }
    },
  }
}
