import { laneKey } from '../laneKey.js'
import type { ClaimRequest, Insertion, Lane } from './store.js'

/** Slots for new jobs of one lane, at least one for each of them. */
export interface OpenLane extends Lane {
  readonly requests: readonly ClaimRequest[]
}

/** A free slot of an open lane. */
export interface Opening {
  readonly lane: OpenLane
  readonly worker: string
}

/** Which new jobs may go straight to a worker, and the claims that this leaves to make. */
export interface Openings {
  readonly lanes: readonly OpenLane[]
  /** A slot for this job, which is taken by that; undefined where it has to wait like any other. */
  take(insertion: Insertion): Opening | undefined
  readonly rest: readonly ClaimRequest[]
}

interface Wish extends Lane {
  readonly requests: ClaimRequest[]
  slots: number
  jobs: number
}

interface Share {
  readonly opening: Opening
  left: number
}

/**
 * Finds the new jobs that need not wait: where a lane has a slot for each of its new jobs and none waits there already, every
 * order is the right one, so they may be stored as running rather than stored, found and claimed. Whether none waits, and the
 * queue is neither paused nor limited, is for the store to say: here, or once it is asked to store them.
 */
export function openings(insertions: readonly Insertion[], requests: readonly ClaimRequest[], mayOpen: (lane: Lane) => boolean): Openings {
  const wishes = wishesOf(insertions, requests)
  const open = new Map<string, Share[]>()
  const lanes: OpenLane[] = []
  for (const [key, wish] of wishes) {
    if (wish.jobs === 0 || wish.jobs > wish.slots || !mayOpen(wish)) continue
    lanes.push(wish)
    open.set(
      key,
      wish.requests.map(({ worker, limit }) => ({ opening: { lane: wish, worker }, left: limit })),
    )
  }
  return {
    lanes,
    take: ({ job, unit }) => (unit === undefined ? next(open.get(laneKey(job))) : undefined),
    rest: requests.filter((request) => !open.has(laneOf(request) ?? '')),
  }
}

/** What is asked for of each lane, and how many new jobs it has at most. */
function wishesOf(insertions: readonly Insertion[], requests: readonly ClaimRequest[]): Map<string, Wish> {
  const wishes = new Map<string, Wish>()
  for (const request of requests) {
    const key = laneOf(request)
    if (key === undefined) continue
    const wish = wishes.get(key) ?? { queue: request.queue, name: request.names[0] as string, requests: [], slots: 0, jobs: 0 }
    wishes.set(key, wish)
    wish.requests.push(request)
    wish.slots += request.limit
  }
  for (const { job, unit } of insertions) {
    const wish = wishes.get(laneKey(job))
    // Jobs that stand or fall together are claimed when they stand.
    if (wish) wish.jobs += unit === undefined ? 1 : Number.POSITIVE_INFINITY
  }
  return wishes
}

/** The lane of a request that is for one alone, and for whichever tenant. */
function laneOf({ tenant, queue, names }: ClaimRequest): string | undefined {
  const [name] = names
  return names.length === 1 && tenant === undefined ? laneKey({ queue, name: name as string }) : undefined
}

function next(shares: readonly Share[] | undefined): Opening | undefined {
  const share = shares?.find(({ left }) => left > 0)
  if (share) share.left -= 1
  return share?.opening
}
