import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { quantile } from './measure.js'

/** What one durable write costs on the disk of a folder, in ms. */
export interface DiskTimes {
  readonly p50: number
  readonly p99: number
}

/** What SQLite's write-ahead log grows by in the smallest commit: one page and its header. */
const frameBytes = 4096 + 24

/**
 * Times the least a durable commit can do: append one page to a file and fdatasync it, one after the other, for `ms`.
 * Everything that a durable job takes beyond this is the system's own.
 */
export function timeDurableWrites(folder: string, ms: number): DiskTimes {
  const path = join(folder, 'durable-writes')
  const file = openSync(path, 'w')
  const page = Buffer.alloc(frameBytes, 1)
  const tookMs: number[] = []
  const until = performance.now() + ms
  try {
    for (let began = performance.now(); began < until; began = performance.now()) {
      writeSync(file, page)
      fdatasyncSync(file)
      tookMs.push(performance.now() - began)
    }
  } finally {
    closeSync(file)
    rmSync(path)
  }
  return { p50: quantile(tookMs, 0.5), p99: quantile(tookMs, 0.99) }
}
