import { type Chunk, chunkBounds, type Emission } from '@anchorleg/shared'
import type { SealedValue } from '../../lifecycle.js'
import type { Means } from './operations.js'
import type { Report } from './reports.js'

/** Prepares adding chunks to reports and reading them. */
export function chunksOf({ db }: Means): {
  /** Adds the next chunk; answers whether the report's bounds had room for it. */
  add(report: Report, emission: Emission): boolean
  /** The chunks of a report from an index on. */
  from(report: Report, index: number): Iterable<Chunk>
} {
  const write = db.prepare('INSERT INTO chunks (place, codec, value) VALUES (?, ?, ?)')
  const count = db.prepare('UPDATE reports SET chunks = chunks + 1, bytes = bytes + ? WHERE id = ?')
  const read = db.prepare<[number, number], { place: number } & SealedValue>(
    'SELECT place, codec, value FROM chunks WHERE place >= ? AND place < ? ORDER BY place',
  )
  return {
    add(report, { codec, value }) {
      const bytes = Buffer.byteLength(value)
      if (report.chunks >= chunkBounds.count || report.bytes + bytes > chunkBounds.bytes) return false
      write.run(placeOf(report.id, report.chunks), codec, value)
      count.run(bytes, report.id)
      return true
    },
    *from({ id, attempt, chunks }, index) {
      const start = placeOf(id, 0)
      for (const { place, codec, value } of read.iterate(start + Math.min(index, chunks), start + chunks)) {
        yield { attempt, index: place - start, codec, value }
      }
    },
  }
}

/** Places that a report's chunks may take: a power of two beyond their bound. */
const span = 131_072

/** Where a report's chunk lies. One number is its key, so that a report's chunks lie together and in order, without an index. */
export function placeOf(report: number, index: number): number {
  return report * span + index
}
