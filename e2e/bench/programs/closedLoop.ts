import { setTimeout as pause } from 'node:timers/promises'
import { quantile } from '../measure.js'

/** In ms: longer than any result takes, so that a job that hangs ends the benchmark. */
export const patienceMs = 30_000

/** What a client is to do: keep so many jobs outstanding for `ms`, at most `maxJobs` in all. */
export interface Load {
  readonly outstanding: number
  /** Submits so many at once and awaits them together, again and again, instead of following each job by the next. */
  readonly together?: boolean | undefined
  readonly ms: number
  readonly maxJobs: number
  /** Absent: jobs that carry one number. Otherwise jobs that carry a typed array of so many bytes. */
  readonly uploadBytes?: number | undefined
  /** Absent: jobs that carry one number there and back. Otherwise a text of so many bytes. */
  readonly valueBytes?: number | undefined
  /** Begins no more jobs than so many a second; absent for as many as it can. */
  readonly perSecond?: number | undefined
  /** How much of the time between two jobs passes before the first, from 0 to 1: those who share a pace begin one after the other. */
  readonly phase?: number | undefined
}

/** What it measured. Latencies in ms, from before a job is made until its result is there. */
export interface Measured {
  readonly jobs: number
  readonly seconds: number
  readonly p50: number
  readonly p99: number
  readonly longest: number
}

/** Runs one job to its result, and rejects when that is not what it must be. Only one job of a lane is outstanding at a time. */
export type RunJob = (number: number, lane: number) => Promise<void>

/** Puts a load on a system: each job is followed by the next as soon as its result arrives. The time counts until the last result. */
export async function closedLoop({ outstanding, ms, maxJobs, perSecond, phase = 0 }: Load, runJob: RunJob): Promise<Measured> {
  const tookMs: number[] = []
  const start = performance.now()
  const until = start + ms
  let made = 0
  const keepOneOutstanding = async (lane: number) => {
    while (performance.now() < until && made < maxJobs) {
      const number = made++
      const due = perSecond === undefined ? 0 : start + (1000 * (number + phase)) / perSecond
      if (due >= until) return
      if (due > performance.now()) await pause(due - performance.now())
      const began = performance.now()
      await runJob(number, lane)
      tookMs.push(performance.now() - began)
    }
  }
  await Promise.all(Array.from({ length: outstanding }, (_, lane) => keepOneOutstanding(lane)))
  const seconds = (performance.now() - start) / 1000
  return { jobs: tookMs.length, seconds, p50: quantile(tookMs, 0.5), p99: quantile(tookMs, 0.99), longest: quantile(tookMs, 1) }
}

/** A wrong result is no result: a benchmark that counted it would measure nothing. */
export function expectSame(got: unknown, expected: number | string): void {
  if (got !== expected) throw new Error(`expected the result ${String(expected).slice(0, 80)}, got ${String(JSON.stringify(got)).slice(0, 80)}`)
}
