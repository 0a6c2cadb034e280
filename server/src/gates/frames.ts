import { type Assignment, cutIntoFrames, frameShare, type Limits, type RefOutcome, type Standing, type WatchEvent } from '@anchorleg/shared'
import type { Socket } from 'socket.io'

/** Bytes in a frame beside the sealed values of an entry, generously. */
const header = 1_024

/** Sends outcomes to a caller, in as many frames as they need. */
export function sendOutcomes(socket: Socket, outcomes: readonly RefOutcome[], limits: Limits): void {
  for (const frame of cutIntoFrames(outcomes, limits, ({ outcome }) => header + sealedShare(outcome))) socket.emit('outcomes', frame)
}

/** Tells a caller what happened to watched jobs, in as many frames as it needs. */
export function sendEvents(socket: Socket, events: readonly WatchEvent[], limits: Limits): void {
  for (const frame of cutIntoFrames(events, limits, (event) => header + eventShare(event))) socket.emit('events', frame)
}

/** Jobs for a worker, in as many frames as they need. */
export function assignmentFrames(assignments: readonly Assignment[], limits: Limits): Assignment[][] {
  return cutIntoFrames(assignments, limits, ({ args }) => header + frameShare(args))
}

/**
 * Fits standings into one answer, part by part: of outcomes that would take it beyond a frame it says `pending`, and their places
 * are `left` to be sent as outcomes, in frames of their own.
 */
export function answerFrame(limits: Limits): (standings: readonly Standing[], left?: (place: number) => void) => Standing[] {
  let weight = 0
  return (standings, left) =>
    standings.map((standing, place): Standing => {
      if (standing.type !== 'outcome') return standing
      weight += header + sealedShare(standing.outcome)
      if (weight <= limits.frameBytes) return standing
      left?.(place)
      return { ref: standing.ref, type: 'pending', state: 'executing', waiting: 'running' }
    })
}

/** About how many characters an outcome has. */
export function weighOutcome(outcome: RefOutcome['outcome']): number {
  if (outcome.type === 'snooze') return header
  return header + (outcome.value?.length ?? 0) + ((outcome.type === 'error' && outcome.trace?.length) || 0)
}

function eventShare(event: WatchEvent): number {
  if (event.type === 'state') return 0
  return event.type === 'outcome' ? sealedShare(event.outcome) : frameShare(event.value)
}

function sealedShare(outcome: RefOutcome['outcome']): number {
  if (outcome.type === 'snooze') return 0
  const trace = outcome.type === 'error' && outcome.trace !== undefined ? frameShare(outcome.trace) : 0
  return trace + (outcome.value === undefined ? 0 : frameShare(outcome.value))
}
