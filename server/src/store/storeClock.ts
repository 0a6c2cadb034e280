import type { Clock } from '@anchorleg/shared'

/**
 * The time of a store, in whole ms since the epoch. It begins no earlier than `floor`, the latest time already stored, and
 * never steps back. When its source is set back, it runs at half the source's pace until both agree again: a clock that
 * stood still meanwhile would let no lease expire and no job come due.
 */
export function storeClock(source: Clock, floor = 0): Clock {
  let seen = source.now()
  let latest = Math.max(seen, floor)
  return {
    now() {
      const now = source.now()
      const passed = Math.max(0, now - seen)
      seen = now
      latest = Math.max(now, latest + passed / 2)
      return Math.floor(latest)
    },
  }
}
