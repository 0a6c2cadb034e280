import { laneKey } from '../../laneKey.js'
import type { ClaimRequest, Insertion, Lane } from '../store.js'
import type { Means } from './operations.js'
import { roomIn } from './queues.js'

/** Which new jobs may go straight to a worker, and the claims that this leaves open. */
export interface Openings {
  /** A worker with a slot for this job, which is taken by that; undefined where it has to wait like any other. */
  take(insertion: Insertion): string | undefined
  readonly rest: readonly ClaimRequest[]
}

interface Opening {
  readonly worker: string
  left: number
}

/**
 * Prepares finding the new jobs that need not wait: where a lane has a slot for each of its new jobs and none waits there
 * already, every order is the right one, so they may be stored as running rather than stored, found and claimed. A queue with a
 * limit across workers is left to the claims, which count what runs.
 */
export function straightToWork(means: Means): (insertions: readonly Insertion[], requests: readonly ClaimRequest[]) => Openings {
  const room = roomIn(means)
  const waits = means.db
    .prepare<[string, string], 1>(`SELECT 1 FROM jobs INDEXED BY jobs_available WHERE state = 'available' AND queue = ? AND name = ? LIMIT 1`)
    .pluck()

  const isOpen = ({ queue, name, slots, jobs }: Wish) =>
    jobs <= slots && room(queue) === Number.POSITIVE_INFINITY && waits.get(queue, name) === undefined

  return (insertions, requests) => {
    const open = new Map<string, Opening[]>()
    const rest: ClaimRequest[] = []
    const closed = new Set<string>()
    const wishes = wishesOf(insertions, requests)
    for (const request of requests) {
      const key = laneOf(request)
      const lane = key === undefined ? undefined : open.get(key)
      const wish = key === undefined ? undefined : wishes.get(key)
      const opening = { worker: request.worker, left: request.limit }
      if (lane) lane.push(opening)
      else if (key !== undefined && wish && !closed.has(key) && isOpen(wish)) open.set(key, [opening])
      else {
        if (key !== undefined) closed.add(key)
        rest.push(request)
      }
    }
    return { rest, take: ({ job, unit }) => (unit === undefined ? next(open.get(laneKey(job))) : undefined) }
  }
}

interface Wish extends Lane {
  slots: number
  jobs: number
}

/** What is asked for of each lane, and how many new jobs it has at most. */
function wishesOf(insertions: readonly Insertion[], requests: readonly ClaimRequest[]): Map<string, Wish> {
  const wishes = new Map<string, Wish>()
  for (const request of requests) {
    const key = laneOf(request)
    if (key === undefined) continue
    const wish = wishes.get(key)
    if (wish) wish.slots += request.limit
    else wishes.set(key, { queue: request.queue, name: request.names[0] as string, slots: request.limit, jobs: 0 })
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

function next(openings: Opening[] | undefined): string | undefined {
  const opening = openings?.find(({ left }) => left > 0)
  if (opening) opening.left -= 1
  return opening?.worker
}
