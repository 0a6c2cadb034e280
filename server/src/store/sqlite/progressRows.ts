import type { ProgressReport } from '@anchorleg/shared'
import type { SealedValue } from '../../lifecycle.js'
import type { Means } from './operations.js'

/** Prepares writing and reading the latest progress of a report. */
export function progressOf({ db }: Means): { write(report: number, progress: ProgressReport): void; read(report: number): SealedValue | null } {
  const write = db.prepare(
    'INSERT INTO progress (report, codec, value) VALUES (?, ?, ?) ON CONFLICT (report) DO UPDATE SET codec = excluded.codec, value = excluded.value',
  )
  const read = db.prepare<[number], SealedValue>('SELECT codec, value FROM progress WHERE report = ?')
  return {
    write: (report, { codec, value }) => void write.run(report, codec, value),
    read: (report) => read.get(report) ?? null,
  }
}
