import { type Assignment, cutIntoFrames, frameShare, type Limits, type RefOutcome } from '@anchorleg/shared'
import type { Socket } from 'socket.io'

/** Bytes in a frame beside the sealed values of an entry, generously. */
const header = 1_024

/** Sends outcomes to a caller, in as many frames as they need. */
export function sendOutcomes(socket: Socket, outcomes: readonly RefOutcome[], limits: Limits): void {
  for (const frame of cutIntoFrames(outcomes, limits, ({ outcome }) => header + sealedShare(outcome))) socket.emit('outcomes', frame)
}

/** Sends jobs to a worker, in as many frames as they need. */
export function sendAssignments(socket: Socket, assignments: readonly Assignment[], limits: Limits): void {
  for (const frame of cutIntoFrames(assignments, limits, ({ args }) => header + frameShare(args))) socket.emit('perform', frame)
}

function sealedShare(outcome: RefOutcome['outcome']): number {
  if (outcome.type === 'snooze') return 0
  const trace = outcome.type === 'error' && outcome.trace !== undefined ? frameShare(outcome.trace) : 0
  return trace + (outcome.value === undefined ? 0 : frameShare(outcome.value))
}
