import type { Lane } from '../store.js'
import type { Means } from './operations.js'
import { roomIn } from './queues.js'

/** Prepares finding out whether a lane's new jobs come first: none waits there, and its queue is neither paused nor limited. */
export function isOpen(means: Means): (lane: Lane) => boolean {
  const room = roomIn(means)
  const waits = means.db
    .prepare<[string, string], 1>(`SELECT 1 FROM jobs INDEXED BY jobs_available WHERE state = 'available' AND queue = ? AND name = ? LIMIT 1`)
    .pluck()
  return ({ queue, name }) => room(queue) === Number.POSITIVE_INFINITY && waits.get(queue, name) === undefined
}
