import { stopwatch } from '@anchorleg/shared'
import { laneKey } from '../../laneKey.js'
import type { Lane } from '../store.js'

/** How long a lane that was found closed counts as closed, in ms: the shortest time doubles as often as it is found so again, up to the longest. */
const closedMs = { shortest: 10, longest: 1_000 } as const

/** Lanes that are remembered: beyond them all are forgotten, and asked about again. */
const longestMemory = 1_000

/** The lanes in which jobs waited when new ones came, or whose queue was paused or limited: there new jobs wait as well, for a while. */
export class ClosedLanes {
  readonly #closed = new Map<string, { readonly ms: number; readonly until: number }>()

  /** Whether a lane's new jobs may be stored as running, should it turn out to be open. */
  readonly mayOpen = (lane: Lane): boolean => (this.#closed.get(laneKey(lane))?.until ?? 0) <= stopwatch.now()

  /** Learns how a lane was found. */
  note(lane: Lane, isOpen: boolean): void {
    const key = laneKey(lane)
    const before = this.#closed.get(key)
    if (isOpen) {
      if (before) this.#closed.delete(key)
      return
    }
    if (this.#closed.size >= longestMemory) this.#closed.clear()
    const ms = before ? Math.min(2 * before.ms, closedMs.longest) : closedMs.shortest
    this.#closed.set(key, { ms, until: stopwatch.now() + ms })
  }
}
