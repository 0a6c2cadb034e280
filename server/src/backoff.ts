/** A number in [0, 1), as Math.random gives. */
export type Random = () => number

/** The source of jitter outside tests. */
export const jitter: Random = Math.random

/** Attempts to which longer ladders are scaled, as in Oban's default backoff. */
const ladder = 20

/**
 * Seconds until the next attempt by default: 15 + 2^n, and up to 10 % more. `n` is the attempt that failed, scaled to
 * 20 where a job may have more attempts than that, and never beyond 100.
 */
export function defaultBackoff(attempt: number, maxAttempts: number, random: Random): number {
  const n = maxAttempts <= ladder ? attempt : Math.round((attempt / maxAttempts) * ladder)
  const base = 15 + 2 ** Math.min(n, 100)
  return base * (1 + 0.1 * random())
}
