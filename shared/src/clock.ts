/** Where time comes from. Handed in as an argument, so that tests own it. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number
}

/** The machine's wall clock. It may step back; use {@link steadyClock} where that must not happen. */
export const systemClock: Clock = { now: () => Date.now() }

/** A clock that never steps back: while its source is behind, it stands still. */
export function steadyClock(source: Clock = systemClock): Clock {
  let latest = Number.NEGATIVE_INFINITY
  return {
    now() {
      latest = Math.max(latest, source.now())
      return latest
    },
  }
}

/** Milliseconds since some moment, never stepping back: for measuring how long something took. */
export const stopwatch: Clock = { now: () => performance.now() }

/** The longest delay a timer keeps: setTimeout fires at once beyond 2³¹ − 1 ms. */
const longestDelay = 2 ** 31 - 1

/**
 * Calls `callback` once after `ms` milliseconds and returns a function that prevents it.
 * Unlike setTimeout, a delay beyond 2³¹ − 1 ms is kept, and `Infinity` never fires.
 */
export function after(ms: number, callback: () => void): () => void {
  if (ms === Number.POSITIVE_INFINITY) return () => {}
  let timer: ReturnType<typeof setTimeout>
  if (ms <= longestDelay) {
    timer = setTimeout(callback, ms)
    return () => clearTimeout(timer)
  }
  let left = ms
  const wind = () => {
    const step = Math.min(left, longestDelay)
    left -= step
    timer = setTimeout(left > 0 ? wind : callback, step)
  }
  wind()
  return () => clearTimeout(timer)
}
