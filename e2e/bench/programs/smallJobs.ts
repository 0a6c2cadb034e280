import { randomBytes } from 'node:crypto'
import { closedLoop, expectSame, type Load, type Measured } from './closedLoop.js'

/** What a small job is given: a number, and a text where there is to be one. */
export interface Small {
  readonly int: number
  readonly text?: string
}

/** How a system runs one small job to its result, or many at once. */
export interface Runs {
  one(small: Small, lane: number): Promise<unknown>
  /** Absent where a caller writes no more than `Promise.all` of the single ones. */
  many?(small: readonly Small[]): Promise<readonly unknown[]>
}

/** What every worker does with it: it gives back the text, or else the number. */
export const echo = ({ int, text }: Small): number | string => text ?? int

/** Puts a load of small jobs on a system, and sees that each comes back. Their text can be compressed as little as may be. */
export function smallJobs(load: Load, runs: Runs): Promise<Measured> {
  const text = load.valueBytes === undefined ? undefined : randomText(load.valueBytes)
  const small = (int: number): Small => (text === undefined ? { int } : { int, text })
  if (load.together) return runTogether(load, small, runs)
  return closedLoop(load, async (int, lane) => expectSame(await runs.one(small(int), lane), echo(small(int))))
}

/** All outstanding jobs at once, as one call; then the next as many. What is measured is jobs, but for latencies, which are a call's. */
async function runTogether(load: Load, small: (int: number) => Small, { one, many }: Runs): Promise<Measured> {
  const { outstanding, maxJobs } = load
  const calls = await closedLoop({ ...load, outstanding: 1, maxJobs: Math.max(1, maxJobs / outstanding) }, async () => {
    const smalls = Array.from({ length: outstanding }, (_, int) => small(int))
    const results = await (many ? many(smalls) : Promise.all(smalls.map((each) => one(each, 0))))
    if (results.length !== smalls.length) throw new Error(`expected ${smalls.length} results, got ${results.length}`)
    for (const [i, each] of smalls.entries()) expectSame(results[i], echo(each))
  })
  return { ...calls, jobs: calls.jobs * outstanding }
}

function randomText(bytes: number): string {
  const hex = randomBytes(Math.ceil(bytes / 2)).toString('hex')
  return hex.slice(0, bytes)
}
